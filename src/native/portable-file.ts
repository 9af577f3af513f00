import { close, fdatasync, fstat, ftruncate, read, readSync, write, writev, writevSync } from 'node:fs'
import { promisify } from 'node:util'
import { assert } from '../base/assert.ts'
import type { DiskFile, Residency } from './disk.ts'
import { diskError, errnoOf } from './disk-errors.ts'
import type { PortableCalls } from './portable-calls.ts'
import type { SlabPool } from './slab.ts'

const readAsync = promisify(read)
const writeAsync = promisify(write)
const writevAsync = promisify(writev)
const ftruncateAsync = promisify(ftruncate)
const fdatasyncAsync = promisify(fdatasync)
const fstatAsync = promisify(fstat)

const READ_AHEAD_BYTES = 256 * 1024

/** An open file of node:fs. The descriptor closes when `close` was called and nobody retains it or runs a call on it. */
export class PortableFile implements DiskFile {
  readonly path: string
  readonly #fd: number
  readonly #slabs: SlabPool
  readonly #calls: PortableCalls
  #open = true
  #references = 1

  constructor(fields: { fd: number; path: string; slabs: SlabPool; calls: PortableCalls }) {
    this.path = fields.path
    this.#fd = fields.fd
    this.#slabs = fields.slabs
    this.#calls = fields.calls
  }

  get handle(): number {
    return this.#open ? this.#fd : -1
  }

  writeRowsSync(position: number, rows: Int32Array, rowCount: number): number {
    if (!this.#open) return -errnoOf('EBADF')
    return this.#calls.runSync('pwritev', () => {
      let pending = this.#rowBytes(rows, rowCount)
      let total = 0
      while (pending.length > 0) {
        const written = writevSync(this.#fd, pending, position + total)
        if (written === 0) return -errnoOf('EIO')
        total += written
        pending = withoutFirst(pending, written)
      }
      return total
    })
  }

  writeRows(position: number, rows: Int32Array, rowCount: number): Promise<number> {
    return this.#run('pwritev', async () => {
      let pending = this.#rowBytes(rows, rowCount)
      let total = 0
      while (pending.length > 0) {
        const { bytesWritten } = await writevAsync(this.#fd, pending, position + total)
        if (bytesWritten === 0) throw diskError(errnoOf('EIO'), 'pwritev', this.path)
        total += bytesWritten
        pending = withoutFirst(pending, bytesWritten)
      }
      return total
    })
  }

  async write(position: number, data: Uint8Array): Promise<void> {
    await this.#run('pwrite', async () => {
      let total = 0
      while (total < data.length) {
        const { bytesWritten } = await writeAsync(this.#fd, data, total, data.length - total, position + total)
        if (bytesWritten === 0) throw diskError(errnoOf('EIO'), 'pwrite', this.path)
        total += bytesWritten
      }
      return total
    })
  }

  readSync(position: number, target: Buffer, targetOffset: number, byteLength: number): number {
    if (!this.#open) return -errnoOf('EBADF')
    return this.#calls.runSync('pread', () => {
      let total = 0
      while (total < byteLength) {
        const count = readSync(this.#fd, target, targetOffset + total, byteLength - total, position + total)
        if (count === 0) break
        total += count
      }
      return total
    })
  }

  read(position: number, target: Buffer, targetOffset: number, byteLength: number): Promise<number> {
    return this.#run('pread', () => this.#readAll(position, target, { offset: targetOffset, byteLength }))
  }

  async size(): Promise<number> {
    return (await this.#run('fstat', () => fstatAsync(this.#fd))).size
  }

  truncate(byteLength: number): Promise<void> {
    return this.#run('ftruncate', () => ftruncateAsync(this.#fd, byteLength))
  }

  allocate(_position: number, _byteLength: number, _keepSize: boolean): Promise<void> {
    return this.#withoutEffect('fallocate')
  }

  sync(): Promise<void> {
    return this.#run('fdatasync', () => fdatasyncAsync(this.#fd))
  }

  startWriteback(_position: number, _byteLength: number): Promise<void> {
    return this.#withoutEffect('sync_file_range')
  }

  advise(_position: number, _byteLength: number, _advice: string): Promise<void> {
    return this.#withoutEffect('fadvise')
  }

  residencySync(_position: number, _byteLength: number): Residency | undefined {
    return undefined
  }

  async readAhead(position: number, byteLength: number): Promise<void> {
    const scratch = Buffer.allocUnsafe(Math.min(READ_AHEAD_BYTES, byteLength))
    for (let done = 0; done < byteLength; done += scratch.length) {
      const wanted = Math.min(scratch.length, byteLength - done)
      if ((await this.read(position + done, scratch, 0, wanted)) < wanted) return
    }
  }

  retain(): () => void {
    assert(this.#references > 0, 'a file was retained after its descriptor had closed')
    this.#references++
    let held = true
    return () => {
      if (held) this.#drop()
      held = false
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#drop()
  }

  #drop(): void {
    this.#references--
    // Nothing can be done about a failing close: the descriptor is gone, and what had to be durable was synced.
    if (this.#references === 0) close(this.#fd, () => {})
  }

  #withoutEffect(syscall: string): Promise<void> {
    return this.#open ? Promise.resolve() : Promise.reject(diskError(errnoOf('EBADF'), syscall, this.path))
  }

  async #run<Result>(syscall: string, call: () => Promise<Result>): Promise<Result> {
    // Retained files may still be read after `close`: their descriptor is open.
    if (!this.#open && (syscall !== 'pread' || this.#references === 0)) {
      throw diskError(errnoOf('EBADF'), syscall, this.path)
    }
    this.#references++
    try {
      return await this.#calls.run(syscall, this.path, call)
    } finally {
      this.#drop()
    }
  }

  async #readAll(position: number, target: Buffer, range: { offset: number; byteLength: number }): Promise<number> {
    let total = 0
    while (total < range.byteLength) {
      const at = range.offset + total
      const { bytesRead } = await readAsync(this.#fd, target, at, range.byteLength - total, position + total)
      if (bytesRead === 0) break
      total += bytesRead
    }
    return total
  }

  #rowBytes(rows: Int32Array, rowCount: number): Buffer[] {
    const buffers: Buffer[] = []
    for (let row = 0; row < 3 * rowCount; row += 3) {
      const bytes = this.#slabs.get(rows[row]!).bytes
      const start = rows[row + 1]!
      const end = start + rows[row + 2]!
      assert(start >= 0 && start <= end && end <= bytes.length, 'rows lie inside their slabs')
      if (end > start) buffers.push(bytes.subarray(start, end))
    }
    return buffers
  }
}

function withoutFirst(buffers: Buffer[], byteLength: number): Buffer[] {
  let skip = byteLength
  let first = 0
  while (first < buffers.length && skip >= buffers[first]!.length) {
    skip -= buffers[first]!.length
    first++
  }
  const rest = buffers.slice(first)
  if (skip > 0) rest[0] = rest[0]!.subarray(skip)
  return rest
}
