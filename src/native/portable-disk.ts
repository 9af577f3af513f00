import { close, constants, fsync, open } from 'node:fs'
import { mkdir, readdir, rename, rmdir, stat, statfs, unlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { DirectoryEntry, Disk, DiskFile, FileStat, LatencySnapshot, OpenFlags } from './disk.ts'
import { isDiskError } from './disk-errors.ts'
import { LatencyRecorder } from './latency.ts'
import { openBits } from './open-bits.ts'
import { takePidLock } from './pid-lock.ts'
import { PortableCalls } from './portable-calls.ts'
import { PortableFile } from './portable-file.ts'
import { PortableSlabPool } from './portable-slabs.ts'
import { readWholeFile, replaceWholeFile } from './whole-file.ts'

const openAsync = promisify(open)
const fsyncAsync = promisify(fsync)
const closeAsync = promisify(close)

/**
 * The storage seam on node:fs, for platforms without the addon. The same
 * promises are kept, but for what node:fs cannot express: no preallocation, no
 * advice, no paced write-back and no page-cache residency, which have no effect
 * here, and a lock by process id (see pid-lock.ts).
 */
export class PortableDisk implements Disk {
  readonly kind = 'portable'
  readonly slabs = new PortableSlabPool()
  readonly #recorder = new LatencyRecorder()
  readonly #calls = new PortableCalls(this.#recorder)

  async open(path: string, flags: OpenFlags): Promise<DiskFile> {
    const fd = await this.#calls.run('open', path, () => openAsync(path, openBits(flags, constants), 0o644))
    return new PortableFile({ fd, path, slabs: this.slabs, calls: this.#calls })
  }

  mkdir(path: string): Promise<void> {
    return this.#calls.run('mkdir', path, () => mkdir(path))
  }

  async readdir(path: string): Promise<DirectoryEntry[]> {
    const entries = await this.#calls.run('readdir', path, () => readdir(path, { withFileTypes: true }))
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
  }

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      const status = await this.#calls.run('stat', path, () => stat(path))
      return { size: status.size, modifiedMs: status.mtimeMs, isDirectory: status.isDirectory() }
    } catch (error) {
      if (isDiskError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  rename(from: string, to: string): Promise<void> {
    return this.#calls.run('rename', from, () => rename(from, to))
  }

  async unlink(path: string): Promise<void> {
    try {
      await this.#calls.run('unlink', path, () => unlink(path))
    } catch (error) {
      if (!isDiskError(error, 'ENOENT')) throw error
    }
  }

  rmdir(path: string): Promise<void> {
    return this.#calls.run('rmdir', path, () => rmdir(path))
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows cannot open a directory, and has nothing to sync about it.
    if (process.platform === 'win32') return
    const fd = await this.#calls.run('open', path, () => openAsync(path, constants.O_RDONLY | constants.O_DIRECTORY))
    try {
      await this.#calls.run('fsync', path, () => fsyncAsync(fd))
    } finally {
      await closeAsync(fd)
    }
  }

  readFile(path: string): Promise<Buffer> {
    return readWholeFile(this, path)
  }

  writeFileAtomic(path: string, data: Uint8Array, options: { sync?: boolean } = {}): Promise<void> {
    return replaceWholeFile(this, path, data, options.sync ?? true)
  }

  async lock(path: string): Promise<(() => void) | undefined> {
    await this.#calls.run('open', path, () => writeFile(path, '', { flag: 'a' }))
    return this.#calls.run('link', path, () => takePidLock(path))
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const status = await this.#calls.run('statvfs', path, () => statfs(path))
    return { freeBytes: status.bsize * status.bavail, totalBytes: status.bsize * status.blocks }
  }

  latencies(): LatencySnapshot[] {
    return this.#recorder.snapshots()
  }

  close(): Promise<void> {
    return this.#calls.close()
  }
}
