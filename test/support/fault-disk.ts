import type {
  DirectoryEntry,
  Disk,
  DiskFile,
  FileStat,
  LatencySnapshot,
  OpenFlags,
  Residency,
} from '../../src/native/disk.ts'
import { diskError, errnoOf } from '../../src/native/disk-errors.ts'
import type { SlabPool } from '../../src/native/slab.ts'
import { readWholeFile, replaceWholeFile } from '../../src/native/whole-file.ts'

/** The system call that an operation's error names. */
const SYSCALLS = {
  open: 'open',
  mkdir: 'mkdir',
  readdir: 'readdir',
  stat: 'stat',
  rename: 'rename',
  unlink: 'unlink',
  rmdir: 'rmdir',
  syncDirectory: 'fsync',
  lock: 'fcntl',
  space: 'statvfs',
  writeRowsSync: 'pwritev',
  writeRows: 'pwritev',
  write: 'pwrite',
  readSync: 'pread',
  read: 'pread',
  size: 'fstat',
  truncate: 'ftruncate',
  allocate: 'fallocate',
  sync: 'fdatasync',
  startWriteback: 'sync_file_range',
  advise: 'fadvise',
  readAhead: 'pread',
} as const

export type FaultOperation = keyof typeof SYSCALLS

/** What is to go wrong with which call. */
export interface Fault {
  readonly operation: FaultOperation
  /** Of all paths, by default. */
  readonly path?: RegExp
  /** The first call that it hits, counted from 1 over the calls that match. */
  readonly nth?: number
  /** How many calls in a row it hits; 1 by default. */
  readonly times?: number
  /** Symbolic errno, such as ENOSPC. Without one the call goes through. */
  readonly code?: string
  /** For the writes: so many bytes reach the file before the failure. */
  readonly shortBytes?: number
  /** For what returns a promise: the call waits for this first. */
  readonly until?: Promise<void>
}

/** A fault that was injected; `hits` counts the calls that met it. */
export interface InjectedFault {
  readonly hits: number
  remove(): void
}

/** Calls that change what is on disk. */
const CHANGES: ReadonlySet<FaultOperation> = new Set([
  'open',
  'mkdir',
  'rename',
  'unlink',
  'rmdir',
  'syncDirectory',
  'writeRowsSync',
  'writeRows',
  'write',
  'truncate',
  'allocate',
  'sync',
])

interface ArmedFault extends Fault {
  matches: number
  hits: number
}

/** Any disk, with chosen calls failing, cut short or delayed; it also records the calls made, in order. */
export class FaultDisk implements Disk {
  readonly kind: Disk['kind']
  readonly slabs: SlabPool
  /** Every operation with its path, such as `sync 00000.log` by base name. */
  readonly calls: { operation: FaultOperation; path: string }[] = []
  /** Calls that could change something, `open` included. */
  changes = 0
  /** The disk takes no more than so many changes, as if the process had been killed: of the next write half arrives. */
  changesMax = Number.POSITIVE_INFINITY
  #failing: { readonly number: number; readonly code: string } | undefined
  readonly #inner: Disk
  readonly #faults: ArmedFault[] = []

  constructor(inner: Disk) {
    this.#inner = inner
    this.kind = inner.kind
    this.slabs = inner.slabs
  }

  inject(fault: Fault): InjectedFault {
    const armed: ArmedFault = { ...fault, matches: 0, hits: 0 }
    this.#faults.push(armed)
    return {
      get hits() {
        return armed.hits
      },
      remove: () => {
        const index = this.#faults.indexOf(armed)
        if (index >= 0) this.#faults.splice(index, 1)
      },
    }
  }

  /** The fault that this call meets, if any. Counts the call. */
  meet(operation: FaultOperation, path: string): Fault | undefined {
    this.calls.push({ operation, path })
    let met: Fault | undefined
    if (CHANGES.has(operation)) met = this.#meetChange(operation)
    for (const fault of this.#faults) {
      if (fault.operation !== operation || fault.path?.test(path) === false) continue
      fault.matches++
      const first = fault.nth ?? 1
      if (met !== undefined || fault.matches < first || fault.matches >= first + (fault.times ?? 1)) continue
      fault.hits++
      met = fault
    }
    return met
  }

  /** The change with that number, counted from 1, fails; half of a write arrives. */
  failChange(number: number, code: string): void {
    this.#failing = { number, code }
  }

  #meetChange(operation: FaultOperation): Fault | undefined {
    const number = ++this.changes
    if (number === this.#failing?.number) return { operation, code: this.#failing.code, shortBytes: HALF }
    if (number <= this.changesMax) return undefined
    return { operation, code: 'EIO', shortBytes: number === this.changesMax + 1 ? HALF : 0 }
  }

  async run<Result>(operation: FaultOperation, path: string, call: () => Promise<Result>): Promise<Result> {
    const fault = this.meet(operation, path)
    await fault?.until
    if (fault?.code !== undefined) throw faultError(fault.code, operation, path)
    return call()
  }

  open(path: string, flags: OpenFlags): Promise<DiskFile> {
    return this.run('open', path, async () => new FaultFile(this, await this.#inner.open(path, flags)))
  }

  mkdir(path: string): Promise<void> {
    return this.run('mkdir', path, () => this.#inner.mkdir(path))
  }

  readdir(path: string): Promise<DirectoryEntry[]> {
    return this.run('readdir', path, () => this.#inner.readdir(path))
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.run('stat', path, () => this.#inner.stat(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.run('rename', from, () => this.#inner.rename(from, to))
  }

  unlink(path: string): Promise<void> {
    return this.run('unlink', path, () => this.#inner.unlink(path))
  }

  rmdir(path: string): Promise<void> {
    return this.run('rmdir', path, () => this.#inner.rmdir(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.run('syncDirectory', path, () => this.#inner.syncDirectory(path))
  }

  /** Made of this disk's own calls, so that faults reach each step. */
  readFile(path: string): Promise<Buffer> {
    return readWholeFile(this, path)
  }

  writeFileAtomic(path: string, data: Uint8Array, options: { sync?: boolean } = {}): Promise<void> {
    return replaceWholeFile(this, path, data, options.sync ?? true)
  }

  lock(path: string): Promise<(() => void) | undefined> {
    return this.run('lock', path, () => this.#inner.lock(path))
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    return this.run('space', path, () => this.#inner.space(path))
  }

  latencies(): LatencySnapshot[] {
    return this.#inner.latencies()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

/** Stands for half of the bytes of a write. */
const HALF = -1

class FaultFile implements DiskFile {
  readonly path: string
  readonly retain?: () => () => void
  readonly #disk: FaultDisk
  readonly #inner: DiskFile

  constructor(disk: FaultDisk, inner: DiskFile) {
    this.path = inner.path
    this.#disk = disk
    this.#inner = inner
    if (inner.retain !== undefined) this.retain = inner.retain.bind(inner)
  }

  get handle(): number {
    return this.#inner.handle
  }

  writeRowsSync(position: number, rows: Int32Array, rowCount: number): number {
    const fault = this.#disk.meet('writeRowsSync', this.path)
    if (fault?.code === undefined) return this.#inner.writeRowsSync(position, rows, rowCount)
    const part = firstBytes(rows, rowCount, fault.shortBytes ?? 0)
    this.#inner.writeRowsSync(position, part, part.length / 3)
    return -errnoOf(fault.code)
  }

  async writeRows(position: number, rows: Int32Array, rowCount: number): Promise<number> {
    const fault = this.#disk.meet('writeRows', this.path)
    await fault?.until
    if (fault?.code === undefined) return this.#inner.writeRows(position, rows, rowCount)
    const part = firstBytes(rows, rowCount, fault.shortBytes ?? 0)
    await this.#inner.writeRows(position, part, part.length / 3)
    throw faultError(fault.code, 'writeRows', this.path)
  }

  async write(position: number, data: Uint8Array): Promise<void> {
    const fault = this.#disk.meet('write', this.path)
    await fault?.until
    if (fault?.code === undefined) return this.#inner.write(position, data)
    const shortBytes = fault.shortBytes ?? 0
    await this.#inner.write(position, data.subarray(0, shortBytes === HALF ? data.length >> 1 : shortBytes))
    throw faultError(fault.code, 'write', this.path)
  }

  readSync(position: number, target: Buffer, targetOffset: number, byteLength: number): number {
    const fault = this.#disk.meet('readSync', this.path)
    if (fault?.code !== undefined) return -errnoOf(fault.code)
    return this.#inner.readSync(position, target, targetOffset, byteLength)
  }

  read(position: number, target: Buffer, targetOffset: number, byteLength: number): Promise<number> {
    return this.#run('read', () => this.#inner.read(position, target, targetOffset, byteLength))
  }

  size(): Promise<number> {
    return this.#run('size', () => this.#inner.size())
  }

  truncate(byteLength: number): Promise<void> {
    return this.#run('truncate', () => this.#inner.truncate(byteLength))
  }

  allocate(position: number, byteLength: number, keepSize: boolean): Promise<void> {
    return this.#run('allocate', () => this.#inner.allocate(position, byteLength, keepSize))
  }

  sync(): Promise<void> {
    return this.#run('sync', () => this.#inner.sync())
  }

  startWriteback(position: number, byteLength: number): Promise<void> {
    return this.#run('startWriteback', () => this.#inner.startWriteback(position, byteLength))
  }

  advise(position: number, byteLength: number, advice: Parameters<DiskFile['advise']>[2]): Promise<void> {
    return this.#run('advise', () => this.#inner.advise(position, byteLength, advice))
  }

  residencySync(position: number, byteLength: number): Residency | undefined {
    return this.#inner.residencySync(position, byteLength)
  }

  readAhead(position: number, byteLength: number): Promise<void> {
    return this.#run('readAhead', () => this.#inner.readAhead(position, byteLength))
  }

  close(): void {
    this.#inner.close()
  }

  #run<Result>(operation: FaultOperation, call: () => Promise<Result>): Promise<Result> {
    return this.#disk.run(operation, this.path, call)
  }
}

function faultError(code: string, operation: FaultOperation, path: string): Error {
  return diskError(errnoOf(code), SYSCALLS[operation], path)
}

/** The rows that cover the first `byteLength` bytes. */
function firstBytes(rows: Int32Array, rowCount: number, byteLength: number): Int32Array {
  const part: number[] = []
  let left = byteLength
  if (byteLength === HALF) {
    left = 0
    for (let row = 0; row < 3 * rowCount; row += 3) left += rows[row + 2]!
    left >>= 1
  }
  for (let row = 0; row < 3 * rowCount && left > 0; row += 3) {
    const length = Math.min(rows[row + 2]!, left)
    part.push(rows[row]!, rows[row + 1]!, length)
    left -= length
  }
  return Int32Array.from(part)
}
