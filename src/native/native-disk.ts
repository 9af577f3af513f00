import { constants } from 'node:fs'
import type { JobPayload } from './addon-io.ts'
import type { DirectoryEntry, Disk, DiskFile, FileStat, LatencySnapshot, OpenFlags } from './disk.ts'
import { diskError, errnoOf, isDiskError } from './disk-errors.ts'
import { NativeFile } from './native-file.ts'
import type { JobOwner } from './native-jobs.ts'
import type { NativeRuntime } from './native-runtime.ts'
import { openBits } from './open-bits.ts'
import { pidLockHolder } from './pid-lock.ts'
import type { SlabPool } from './slab.ts'
import { readWholeFile, replaceWholeFile } from './whole-file.ts'

/** The storage seam on the addon: whatever may block runs on its own I/O threads. */
export class NativeDisk implements Disk {
  readonly kind = 'native'
  readonly slabs: SlabPool
  readonly #runtime: NativeRuntime
  readonly #owner: JobOwner = { pending: 0, whenIdle: undefined }
  #closing: Promise<void> | undefined

  constructor(runtime: NativeRuntime) {
    this.#runtime = runtime
    this.slabs = runtime.slabs
    runtime.diskCount++
  }

  async open(path: string, flags: OpenFlags): Promise<DiskFile> {
    const bits = openBits(flags, constants)
    const handle = await this.#run('open', path, (job) => this.#addon.openFile(job, path, bits), count)
    return new NativeFile({ runtime: this.#runtime, owner: this.#owner, path, handle })
  }

  mkdir(path: string): Promise<void> {
    return this.#run('mkdir', path, (job) => this.#addon.makeDirectory(job, path), nothing)
  }

  readdir(path: string): Promise<DirectoryEntry[]> {
    return this.#run('readdir', path, (job) => this.#addon.readDirectory(job, path), directoryEntries)
  }

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      return await this.#run('stat', path, (job) => this.#addon.statPath(job, path), fileStat)
    } catch (error) {
      if (isDiskError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, (job) => this.#addon.renamePath(job, from, to), nothing)
  }

  async unlink(path: string): Promise<void> {
    try {
      await this.#run('unlink', path, (job) => this.#addon.unlinkPath(job, path), nothing)
    } catch (error) {
      if (!isDiskError(error, 'ENOENT')) throw error
    }
  }

  rmdir(path: string): Promise<void> {
    return this.#run('rmdir', path, (job) => this.#addon.removeDirectory(job, path), nothing)
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run('fsync', path, (job) => this.#addon.syncDirectory(job, path), nothing)
  }

  readFile(path: string): Promise<Buffer> {
    return readWholeFile(this, path)
  }

  writeFileAtomic(path: string, data: Uint8Array, options: { sync?: boolean } = {}): Promise<void> {
    return replaceWholeFile(this, path, data, options.sync ?? true)
  }

  async lock(path: string): Promise<(() => void) | undefined> {
    // A broker on portable I/O has no fcntl: it leaves its process id beside the lock file.
    if ((await pidLockHolder(path)) !== undefined) return undefined
    const file = await this.open(path, { write: true, create: true })
    try {
      await this.#run('fcntl', path, (job) => this.#addon.lockFile(job, file.handle), nothing)
    } catch (error) {
      file.close()
      if (isDiskError(error, 'EAGAIN')) return undefined
      throw error
    }
    return () => {
      if (file.handle >= 0) this.#addon.unlockFile(file.handle)
      file.close()
    }
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    return this.#run('statvfs', path, (job) => this.#addon.statFileSystem(job, path), diskSpace)
  }

  latencies(): LatencySnapshot[] {
    return this.#addon.latencies()
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  async #finish(): Promise<void> {
    if (this.#owner.pending > 0) {
      await new Promise<void>((resolve) => {
        this.#owner.whenIdle = resolve
      })
    }
    this.#runtime.diskCount--
    if (this.#runtime.diskCount === 0) this.#addon.joinIo()
  }

  get #addon() {
    return this.#runtime.addon
  }

  #run<Result>(
    syscall: string,
    path: string,
    start: (job: number) => number,
    answer: (result: number, payload: JobPayload) => Result,
  ): Promise<Result> {
    if (this.#closing !== undefined) return Promise.reject(diskError(errnoOf('ECANCELED'), syscall, path))
    return this.#runtime.jobs.run({ owner: this.#owner, syscall, path, start, answer })
  }
}

function count(result: number): number {
  return result
}

function nothing(): void {}

function directoryEntries(_result: number, payload: JobPayload): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  for (let i = 0; i < payload.length; i += 2) {
    entries.push({ name: String(payload[i]), isDirectory: payload[i + 1] === true })
  }
  return entries
}

function fileStat(_result: number, payload: JobPayload): FileStat {
  return { size: Number(payload[0]), modifiedMs: Number(payload[1]), isDirectory: payload[2] === 1 }
}

function diskSpace(_result: number, payload: JobPayload): { freeBytes: number; totalBytes: number } {
  return { freeBytes: Number(payload[0]), totalBytes: Number(payload[1]) }
}
