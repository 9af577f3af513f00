import fs from 'node:fs'
import fsp from 'node:fs/promises'
import type { DirectoryEntry, Disk, DiskFile, FileStat, LatencySnapshot, OpenFlags, Residency } from './disk.ts'
import { diskError, negativeErrno } from './disk-errors.ts'
import { LatencyRecorder } from './latency.ts'
import { PortableSlabPool } from './portable-slabs.ts'
import { openBits, readWholeFile, replaceWholeFile } from './whole-file.ts'

/**
 * The disk on node:fs: the same promises, without cachestat, write-back control
 * and file locks of the kernel. A lock is a file that names its owner's pid; one
 * left by a dead process is taken over.
 */
export class PortableDisk implements Disk {
  readonly kind = 'portable'
  readonly slabs = new PortableSlabPool()
  readonly latency = new LatencyRecorder()

  async open(path: string, flags: OpenFlags): Promise<DiskFile> {
    const handle = await this.timed('open', path, () => fsp.open(path, openBits(flags, fs.constants), 0o644))
    return new PortableFile(this, handle, path)
  }

  async mkdir(path: string): Promise<void> {
    await this.timed('mkdir', path, () => fsp.mkdir(path, { recursive: true }))
  }

  async readdir(path: string): Promise<DirectoryEntry[]> {
    const entries = await this.timed('readdir', path, () => fsp.readdir(path, { withFileTypes: true }))
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const found = await this.timed('stat', path, () => fsp.stat(path).catch(ignoreMissing))
    if (found === undefined) return undefined
    return { size: found.size, modifiedMs: found.mtimeMs, isDirectory: found.isDirectory() }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.timed('rename', from, () => fsp.rename(from, to))
  }

  async unlink(path: string): Promise<void> {
    await this.timed('unlink', path, () => fsp.unlink(path).catch(ignoreMissing))
  }

  async rmdir(path: string): Promise<void> {
    await this.timed('rmdir', path, () => fsp.rmdir(path))
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows cannot open directories; its renames are durable without.
    if (process.platform === 'win32') return
    await this.timed('fsync', path, async () => {
      const handle = await fsp.open(path, 'r')
      await handle.sync().finally(() => handle.close())
    })
  }

  readFile(path: string): Promise<Buffer> {
    return readWholeFile(this, path)
  }

  writeFileAtomic(path: string, data: Uint8Array, options: { sync?: boolean } = {}): Promise<void> {
    return replaceWholeFile(this, path, data, options.sync ?? true)
  }

  async lock(path: string): Promise<(() => void) | undefined> {
    const owner = `${path}.pid`
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        fs.writeFileSync(owner, String(process.pid), { flag: 'wx' })
        fs.closeSync(fs.openSync(path, 'a'))
        return () => fs.rmSync(owner, { force: true })
      } catch (error) {
        if (negativeErrno(error) !== -EEXIST) throw diskError(-negativeErrno(error), 'open', owner)
        if (isAlive(Number(fs.readFileSync(owner, 'utf8')))) return undefined
        fs.rmSync(owner, { force: true })
      }
    }
    return undefined
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const found = await this.timed('statfs', path, () => fsp.statfs(path))
    return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize }
  }

  latencies(): LatencySnapshot[] {
    return this.latency.snapshots()
  }

  async close(): Promise<void> {}

  /** Runs one asynchronous call, timed; what it throws becomes a DiskError. */
  async timed<Result>(syscall: string, path: string, call: () => Promise<Result>, bytes = 0): Promise<Result> {
    const started = process.hrtime.bigint()
    try {
      const result = await call()
      this.latency.record(syscall, Number(process.hrtime.bigint() - started), { bytes, failed: false })
      return result
    } catch (error) {
      this.latency.record(syscall, Number(process.hrtime.bigint() - started), { bytes: 0, failed: true })
      throw diskError(-negativeErrno(error), syscall, path)
    }
  }
}

const EEXIST = 17

class PortableFile implements DiskFile {
  readonly path: string
  handle: number
  readonly #disk: PortableDisk
  readonly #file: fsp.FileHandle
  /** The descriptor closes when the handle and every queued region have let go. */
  #users = 1

  constructor(disk: PortableDisk, file: fsp.FileHandle, path: string) {
    this.#disk = disk
    this.#file = file
    this.handle = file.fd
    this.path = path
  }

  retain(): () => void {
    this.#users++
    let held = true
    return () => {
      if (held) this.#letGo()
      held = false
    }
  }

  writeRowsSync(position: number, rows: Int32Array, rowCount: number): number {
    const started = process.hrtime.bigint()
    const written = this.#writeRows(position, rows, rowCount)
    const ns = Number(process.hrtime.bigint() - started)
    this.#disk.latency.record('pwritev', ns, { bytes: Math.max(written, 0), failed: written < 0 })
    return written
  }

  #writeRows(position: number, rows: Int32Array, rowCount: number): number {
    let buffers = this.#buffers(rows, rowCount)
    let total = 0
    try {
      while (buffers.length > 0) {
        const written = fs.writevSync(this.#file.fd, buffers, position + total)
        total += written
        buffers = dropBytes(buffers, written)
      }
    } catch (error) {
      return negativeErrno(error)
    }
    return total
  }

  async writeRows(position: number, rows: Int32Array, rowCount: number): Promise<number> {
    let buffers = this.#buffers(rows, rowCount)
    let total = 0
    while (buffers.length > 0) {
      const at = position + total
      const { bytesWritten } = await this.#disk.timed('pwritev', this.path, () => this.#file.writev(buffers, at))
      total += bytesWritten
      buffers = dropBytes(buffers, bytesWritten)
    }
    return total
  }

  #buffers(rows: Int32Array, rowCount: number): Uint8Array[] {
    const buffers: Uint8Array[] = []
    for (let row = 0; row < rowCount; row++) {
      const start = rows[3 * row + 1]!
      buffers.push(this.#disk.slabs.get(rows[3 * row]!).bytes.subarray(start, start + rows[3 * row + 2]!))
    }
    return buffers
  }

  async write(position: number, data: Uint8Array): Promise<void> {
    let done = 0
    while (done < data.length) {
      const from = done
      const call = () => this.#file.write(data, from, data.length - from, position + from)
      done += (await this.#disk.timed('pwrite', this.path, call)).bytesWritten
    }
  }

  readSync(position: number, target: Buffer, targetOffset: number, byteLength: number): number {
    try {
      return fs.readSync(this.#file.fd, target, targetOffset, byteLength, position)
    } catch (error) {
      return negativeErrno(error)
    }
  }

  async read(position: number, target: Buffer, targetOffset: number, byteLength: number): Promise<number> {
    let done = 0
    while (done < byteLength) {
      const from = done
      const call = () => this.#file.read(target, targetOffset + from, byteLength - from, position + from)
      const { bytesRead } = await this.#disk.timed('pread', this.path, call)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async size(): Promise<number> {
    return (await this.#disk.timed('fstat', this.path, () => this.#file.stat())).size
  }

  async truncate(byteLength: number): Promise<void> {
    await this.#disk.timed('ftruncate', this.path, () => this.#file.truncate(byteLength))
  }

  /** node:fs has no fallocate: nothing is reserved. */
  async allocate(): Promise<void> {}

  async sync(): Promise<void> {
    await this.#disk.timed('fdatasync', this.path, () => this.#file.datasync())
  }

  async startWriteback(): Promise<void> {}

  async advise(): Promise<void> {}

  residencySync(): Residency | undefined {
    return undefined
  }

  async readAhead(): Promise<void> {}

  close(): void {
    if (this.handle < 0) return
    this.handle = -1
    this.#letGo()
  }

  #letGo(): void {
    if (--this.#users === 0) void this.#file.close()
  }
}

function dropBytes(buffers: Uint8Array[], byteLength: number): Uint8Array[] {
  let left = byteLength
  let index = 0
  while (index < buffers.length && left >= buffers[index]!.length) left -= buffers[index++]!.length
  const rest = buffers.slice(index)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return negativeErrno(error) === -1
  }
}
