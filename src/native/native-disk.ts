import { constants } from 'node:fs'
import type { IoAddon, JobPayload } from './addon-io.ts'
import { ResidencyProbe } from './addon-io.ts'
import type { DirectoryEntry, Disk, DiskFile, FileStat, LatencySnapshot, OpenFlags, Residency } from './disk.ts'
import { isDiskError } from './disk-errors.ts'
import type { JobOwner } from './native-jobs.ts'
import type { NativeRuntime } from './native-runtime.ts'
import type { SlabPool } from './slab.ts'
import { openBits, readWholeFile, replaceWholeFile } from './whole-file.ts'

const ADVICE = { willneed: 0, dontneed: 1, sequential: 2, random: 3 } as const

/**
 * The disk on the addon: what may block runs on the addon's own I/O threads, the
 * …Sync calls on the event loop. Files are named natively by handles; a handle
 * that was closed finds nothing, so a late call cannot reach another file.
 */
export class NativeDisk implements Disk, JobOwner {
  readonly kind = 'native'
  readonly slabs: SlabPool
  pending = 0
  whenIdle: (() => void) | undefined
  readonly #runtime: NativeRuntime
  readonly #addon: IoAddon
  #closed = false

  constructor(runtime: NativeRuntime) {
    this.#runtime = runtime
    this.#addon = runtime.addon
    this.slabs = runtime.slabs
    runtime.diskCount++
  }

  async open(path: string, flags: OpenFlags): Promise<DiskFile> {
    const bits = openBits(flags, constants)
    const handle = await this.run('open', path, (job) => this.#addon.openFile(job, path, bits))
    return new NativeFile(this, this.#addon, handle, path)
  }

  async mkdir(path: string): Promise<void> {
    await this.run('mkdir', path, (job) => this.#addon.makeDirectory(job, path)).catch((error: unknown) => {
      if (!isDiskError(error, 'EEXIST')) throw error
    })
  }

  readdir(path: string): Promise<DirectoryEntry[]> {
    return this.#runtime.jobs.run({
      owner: this,
      syscall: 'readdir',
      path,
      start: (job) => this.#addon.readDirectory(job, path),
      answer: (_count, payload) => directoryEntries(payload),
    })
  }

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      return await this.#runtime.jobs.run({
        owner: this,
        syscall: 'stat',
        path,
        start: (job) => this.#addon.statPath(job, path),
        answer: (_result, [size, modifiedMs, isDirectory]) => ({
          size: Number(size),
          modifiedMs: Number(modifiedMs),
          isDirectory: isDirectory === 1,
        }),
      })
    } catch (error) {
      if (isDiskError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.run('rename', from, (job) => this.#addon.renamePath(job, from, to))
  }

  async unlink(path: string): Promise<void> {
    await this.run('unlink', path, (job) => this.#addon.unlinkPath(job, path)).catch((error: unknown) => {
      if (!isDiskError(error, 'ENOENT')) throw error
    })
  }

  async rmdir(path: string): Promise<void> {
    await this.run('rmdir', path, (job) => this.#addon.removeDirectory(job, path))
  }

  async syncDirectory(path: string): Promise<void> {
    await this.run('fsync', path, (job) => this.#addon.syncDirectory(job, path))
  }

  readFile(path: string): Promise<Buffer> {
    return readWholeFile(this, path)
  }

  writeFileAtomic(path: string, data: Uint8Array, options: { sync?: boolean } = {}): Promise<void> {
    return replaceWholeFile(this, path, data, options.sync ?? true)
  }

  async lock(path: string): Promise<(() => void) | undefined> {
    const handle = await this.run('open', path, (job) =>
      this.#addon.openFile(job, path, openBits({ write: true, create: true }, constants)),
    )
    try {
      await this.run('fcntl', path, (job) => this.#addon.lockFile(job, handle))
    } catch (error) {
      this.#addon.closeFile(handle)
      if (isDiskError(error, 'EAGAIN') || isDiskError(error, 'EACCES')) return undefined
      throw error
    }
    return () => {
      this.#addon.unlockFile(handle)
      this.#addon.closeFile(handle)
    }
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    return this.#runtime.jobs.run({
      owner: this,
      syscall: 'statvfs',
      path,
      start: (job) => this.#addon.statFileSystem(job, path),
      answer: (_result, [freeBytes, totalBytes]) => ({ freeBytes: Number(freeBytes), totalBytes: Number(totalBytes) }),
    })
  }

  latencies(): LatencySnapshot[] {
    return this.#addon.latencies()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.pending > 0) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve
      })
    }
    if (--this.#runtime.diskCount === 0) this.#addon.joinIo()
  }

  /** One job whose answer is its result. */
  run(syscall: string, path: string, start: (job: number) => number, keep?: Uint8Array): Promise<number> {
    return this.#runtime.jobs.run({ owner: this, syscall, path, start, keep, answer: (result) => result })
  }
}

class NativeFile implements DiskFile {
  readonly path: string
  readonly #disk: NativeDisk
  readonly #addon: IoAddon
  #handle: number

  constructor(disk: NativeDisk, addon: IoAddon, handle: number, path: string) {
    this.#disk = disk
    this.#addon = addon
    this.#handle = handle
    this.path = path
  }

  get handle(): number {
    return this.#handle
  }

  writeRowsSync(position: number, rows: Int32Array, rowCount: number): number {
    return this.#addon.writeRowsSync(this.#handle, position, rows, rowCount)
  }

  writeRows(position: number, rows: Int32Array, rowCount: number): Promise<number> {
    const handle = this.#handle
    return this.#disk.run('pwritev', this.path, (job) => this.#addon.writeRows(job, handle, position, rows, rowCount))
  }

  async write(position: number, data: Uint8Array): Promise<void> {
    const handle = this.#handle
    await this.#disk.run('pwrite', this.path, (job) => this.#addon.writeBytes(job, handle, position, data), data)
  }

  readSync(position: number, target: Buffer, targetOffset: number, byteLength: number): number {
    return this.#addon.readBytesSync(this.#handle, position, target, targetOffset, byteLength)
  }

  read(position: number, target: Buffer, targetOffset: number, byteLength: number): Promise<number> {
    const handle = this.#handle
    return this.#disk.run(
      'pread',
      this.path,
      (job) => this.#addon.readBytes(job, handle, position, target, targetOffset, byteLength),
      target,
    )
  }

  size(): Promise<number> {
    return this.#disk.run('fstat', this.path, (job) => this.#addon.fileSize(job, this.#handle))
  }

  async truncate(byteLength: number): Promise<void> {
    await this.#disk.run('ftruncate', this.path, (job) => this.#addon.truncateFile(job, this.#handle, byteLength))
  }

  async allocate(position: number, byteLength: number, keepSize: boolean): Promise<void> {
    await this.#disk.run('fallocate', this.path, (job) =>
      this.#addon.allocateRange(job, this.#handle, position, byteLength, keepSize),
    )
  }

  async sync(): Promise<void> {
    await this.#disk.run('fdatasync', this.path, (job) => this.#addon.syncFile(job, this.#handle))
  }

  async startWriteback(position: number, byteLength: number): Promise<void> {
    await this.#disk.run('sync_file_range', this.path, (job) =>
      this.#addon.startWriteback(job, this.#handle, position, byteLength),
    )
  }

  async advise(position: number, byteLength: number, advice: keyof typeof ADVICE): Promise<void> {
    await this.#disk.run('posix_fadvise', this.path, (job) =>
      this.#addon.adviseRange(job, this.#handle, position, byteLength, ADVICE[advice]),
    )
  }

  residencySync(position: number, byteLength: number): Residency | undefined {
    const found = this.#addon.residencySync(this.#handle, position, byteLength, ResidencyProbe.any)
    if (typeof found === 'number') return undefined
    const [pageBytes, pages, cached, dirty, writeback, recentlyEvicted] = found as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    return { pageBytes, pages, cached, dirty, writeback, recentlyEvicted }
  }

  async readAhead(position: number, byteLength: number): Promise<void> {
    await this.#disk.run('pread', this.path, (job) => this.#addon.readAhead(job, this.#handle, position, byteLength))
  }

  close(): void {
    if (this.#handle < 0) return
    this.#addon.closeFile(this.#handle)
    this.#handle = -1
  }
}

function directoryEntries(payload: JobPayload): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  for (let index = 0; index + 1 < payload.length; index += 2) {
    entries.push({ name: String(payload[index]), isDirectory: payload[index + 1] === true || payload[index + 1] === 1 })
  }
  return entries
}
