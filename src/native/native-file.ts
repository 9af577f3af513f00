import { ResidencyProbe } from './addon-io.ts'
import type { DiskFile, Residency } from './disk.ts'
import { diskError, errnoOf } from './disk-errors.ts'
import type { JobOwner } from './native-jobs.ts'
import type { NativeRuntime } from './native-runtime.ts'

const ADVICES = { willneed: 0, dontneed: 1, sequential: 2, random: 3 } as const

/** An open file of the addon's table. Its descriptor outlives `close` while queued regions or running jobs need it. */
export class NativeFile implements DiskFile {
  readonly path: string
  readonly #runtime: NativeRuntime
  readonly #owner: JobOwner
  #handle: number

  constructor(fields: { runtime: NativeRuntime; owner: JobOwner; path: string; handle: number }) {
    this.path = fields.path
    this.#runtime = fields.runtime
    this.#owner = fields.owner
    this.#handle = fields.handle
  }

  get handle(): number {
    return this.#handle
  }

  writeRowsSync(position: number, rows: Int32Array, rowCount: number): number {
    return this.#runtime.addon.writeRowsSync(this.#handle, position, rows, rowCount)
  }

  writeRows(position: number, rows: Int32Array, rowCount: number): Promise<number> {
    return this.#run('pwritev', (job, handle) => this.#addon.writeRows(job, handle, position, rows, rowCount))
  }

  async write(position: number, data: Uint8Array): Promise<void> {
    await this.#run('pwrite', (job, handle) => this.#addon.writeBytes(job, handle, position, data), data)
  }

  readSync(position: number, target: Buffer, targetOffset: number, byteLength: number): number {
    return this.#addon.readBytesSync(this.#handle, position, target, targetOffset, byteLength)
  }

  read(position: number, target: Buffer, targetOffset: number, byteLength: number): Promise<number> {
    return this.#run(
      'pread',
      (job, handle) => this.#addon.readBytes(job, handle, position, target, targetOffset, byteLength),
      target,
    )
  }

  size(): Promise<number> {
    return this.#run('fstat', (job, handle) => this.#addon.fileSize(job, handle))
  }

  async truncate(byteLength: number): Promise<void> {
    await this.#run('ftruncate', (job, handle) => this.#addon.truncateFile(job, handle, byteLength))
  }

  async allocate(position: number, byteLength: number, keepSize: boolean): Promise<void> {
    await this.#run('fallocate', (job, handle) =>
      this.#addon.allocateRange(job, handle, position, byteLength, keepSize),
    )
  }

  async sync(): Promise<void> {
    await this.#run('fdatasync', (job, handle) => this.#addon.syncFile(job, handle))
  }

  async startWriteback(position: number, byteLength: number): Promise<void> {
    await this.#run('sync_file_range', (job, handle) => this.#addon.startWriteback(job, handle, position, byteLength))
  }

  async advise(position: number, byteLength: number, advice: keyof typeof ADVICES): Promise<void> {
    const number = ADVICES[advice]
    await this.#run('fadvise', (job, handle) => this.#addon.adviseRange(job, handle, position, byteLength, number))
  }

  residencySync(position: number, byteLength: number): Residency | undefined {
    const fields = this.#addon.residencySync(this.#handle, position, byteLength, ResidencyProbe.any)
    if (typeof fields === 'number') return undefined
    return {
      pageBytes: fields[0]!,
      pages: fields[1]!,
      cached: fields[2]!,
      dirty: fields[3]!,
      writeback: fields[4]!,
      recentlyEvicted: fields[5]!,
    }
  }

  async readAhead(position: number, byteLength: number): Promise<void> {
    await this.#run('pread', (job, handle) => this.#addon.readAhead(job, handle, position, byteLength))
  }

  close(): void {
    if (this.#handle >= 0) this.#addon.closeFile(this.#handle)
    this.#handle = -1
  }

  get #addon() {
    return this.#runtime.addon
  }

  #run(syscall: string, start: (job: number, handle: number) => number, keep?: Uint8Array): Promise<number> {
    const handle = this.#handle
    if (handle < 0) return Promise.reject(diskError(errnoOf('EBADF'), syscall, this.path))
    const call = { owner: this.#owner, syscall, path: this.path, start: (job: number) => start(job, handle), answer }
    return this.#runtime.jobs.run(keep === undefined ? call : { ...call, keep })
  }
}

function answer(result: number): number {
  return result
}
