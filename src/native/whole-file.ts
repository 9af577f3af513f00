import path from 'node:path'
import type { Disk } from './disk.ts'

/** Reading and replacing files as a whole, in terms of any disk's own calls. */

export async function readWholeFile(disk: Disk, filePath: string): Promise<Buffer> {
  const file = await disk.open(filePath, {})
  try {
    const bytes = Buffer.allocUnsafe(await file.size())
    const byteLength = await file.read(0, bytes, 0, bytes.length)
    return bytes.subarray(0, byteLength)
  } finally {
    file.close()
  }
}

/**
 * After a crash `filePath` holds the old bytes or the new, never a mixture; with `sync` (the default) the new ones,
 * once this has resolved. Not for concurrent use on one path: the temporary name is fixed, so that a crash leaves one
 * leftover at most.
 */
export async function replaceWholeFile(disk: Disk, filePath: string, data: Uint8Array, sync: boolean): Promise<void> {
  const temporary = `${filePath}.tmp`
  const file = await disk.open(temporary, { write: true, create: true, truncate: true })
  try {
    await file.write(0, data)
    if (sync) await file.sync()
  } finally {
    file.close()
  }
  await disk.rename(temporary, filePath)
  if (sync) await disk.syncDirectory(path.dirname(filePath))
}
