import { randomUUID } from 'node:crypto'
import { truncateSync } from 'node:fs'
import { link, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * An exclusive lock between processes without fcntl, which node:fs lacks. The
 * file `<path>.pid-<n>` with the highest n names the holder by process id and,
 * where /proc tells it, by start time, so that a reused id is not mistaken for
 * the holder; a file that is empty, or whose process is gone, is a free lock.
 *
 * Taking it makes n + 1, whole, by link(2), which one of several succeeds with.
 * The highest file is never removed, so that n only rises: a process that looked
 * long ago makes a number that is taken, or finds a higher one when it looks
 * again, and gives up.
 *
 * On Linux the lock is also refused while any process holds a kernel lock on
 * `path` itself (/proc/locks), as native Sluice and Apache Kafka do.
 */
export async function takePidLock(path: string): Promise<(() => void) | undefined> {
  if (await hasKernelLock(path)) return undefined
  const last = (await generationsOf(path)).at(-1) ?? 0
  if (last > 0 && (await livingHolder(generationFile(path, last))) !== undefined) return undefined
  const own = generationFile(path, last + 1)
  if (!(await makeWhole(own, await identityOf(process.pid)))) return undefined
  const generations = await generationsOf(path)
  if (generations.at(-1) !== last + 1) {
    await unlink(own)
    return undefined
  }
  for (const older of generations.slice(0, -1)) await removeIfPresent(generationFile(path, older))
  return () => releaseGeneration(own)
}

/** Process id of the live holder, undefined when the lock is free. */
export async function pidLockHolder(path: string): Promise<number | undefined> {
  const last = (await generationsOf(path)).at(-1)
  return last === undefined ? undefined : livingHolder(generationFile(path, last))
}

function generationFile(path: string, generation: number): string {
  return `${path}.pid-${generation}`
}

/** Ascending. */
async function generationsOf(path: string): Promise<number[]> {
  const prefix = `${basename(path)}.pid-`
  const names = await namesIn(dirname(path))
  return names
    .filter((name) => name.startsWith(prefix) && /^[0-9]{1,15}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
}

/** None in a directory that is missing. */
async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

async function livingHolder(file: string): Promise<number | undefined> {
  const written = await readIfPresent(file)
  if (written === undefined) return undefined
  const pid = Number.parseInt(written, 10)
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return (await identityOf(pid)) === written ? pid : undefined
}

/** Never seen half written; false when the name is taken. */
async function makeWhole(file: string, text: string): Promise<boolean> {
  const candidate = join(dirname(file), `${basename(file)}.${randomUUID()}`)
  await writeFile(candidate, text)
  try {
    await link(candidate, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await unlink(candidate)
  }
}

function releaseGeneration(file: string): void {
  try {
    truncateSync(file, 0)
  } catch (error) {
    // The directory may be gone by now, and the lock with it.
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

async function identityOf(pid: number): Promise<string> {
  const status = await readIfPresent(`/proc/${pid}/stat`)
  // Field 22; the second field is the command in parentheses and may hold anything, so count from its end.
  const started = status?.slice(status.lastIndexOf(')') + 2).split(' ')[19]
  return `${pid} ${started ?? '-'}\n`
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return hasCode(error, 'EPERM')
  }
}

async function hasKernelLock(path: string): Promise<boolean> {
  const locks = await readIfPresent('/proc/locks')
  if (locks === undefined) return false
  let inode: number
  try {
    inode = (await stat(path)).ino
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  return locks.split('\n').some((line) => line.split(/\s+/)[5]?.split(':')[2] === String(inode))
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH') || hasCode(error, 'EACCES')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
