import type { Disk } from '../native/disk.ts'
import { isDiskError } from './disk-error.ts'
import { LogError, LogErrorCode } from './log-error.ts'

/**
 * Kafka's checkpoint files: a line `0` (the format version), a line with the
 * number of entries, then one entry a line, fields separated by a space.
 * Written atomically (temporary file, fsync, rename, fsync of the directory).
 */
export async function readCheckpoint(disk: Disk, path: string, fields: number): Promise<string[][]> {
  const text = await readText(disk, path)
  if (text === '') return []
  const lines = text.split('\n').filter((line) => line !== '')
  if (lines[0] !== '0') throw damaged(path, 1, `the format version is "${lines[0]}", only 0 is known`)
  const count = Number(lines[1])
  if (!Number.isInteger(count) || count !== lines.length - 2) {
    throw damaged(path, 2, `"${lines[1]}" entries are announced, there are ${lines.length - 2}`)
  }
  return lines.slice(2).map((line, index) => {
    const parts = line.split(' ')
    if (parts.length !== fields) throw damaged(path, index + 3, `"${line}" does not have ${fields} fields`)
    return parts
  })
}

/** Empty when there is no such file. */
async function readText(disk: Disk, path: string): Promise<string> {
  try {
    return (await disk.readFile(path)).toString('utf8')
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return ''
    throw error
  }
}

export async function writeCheckpoint(
  disk: Disk,
  path: string,
  entries: readonly (readonly (string | number)[])[],
): Promise<void> {
  const lines = entries.map((entry) => `${entry.join(' ')}\n`)
  await disk.writeFileAtomic(path, Buffer.from(`0\n${entries.length}\n${lines.join('')}`))
}

/** A whole number from a checkpoint's field. */
export function checkpointNumber(path: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw damaged(path, 0, `"${text}" is not a whole number`)
  return value
}

function damaged(path: string, line: number, why: string): LogError {
  const where = line > 0 ? `line ${line}: ` : ''
  return new LogError(LogErrorCode.damaged, path, `${where}${why}; move the file away, it is rebuilt from the log`)
}
