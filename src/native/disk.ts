import type { SlabPool } from './slab.ts'

/**
 * The storage seam: every system call that Sluice makes on a file goes through
 * here. `NativeDisk` runs what may block on the addon's own I/O threads;
 * `PortableDisk` does the same on node:fs; tests use a faulty twin in memory.
 *
 * Calls named …Sync run on the event loop and are only for what is known to be
 * short (page-cache writes and reads of resident data). They return a count, or
 * a negative errno: the hot path does not throw. Everything else returns a
 * promise and rejects with DiskError.
 */
export interface Disk {
  readonly kind: 'native' | 'portable' | 'memory'
  readonly slabs: SlabPool

  open(path: string, flags: OpenFlags): Promise<DiskFile>
  /** One level; rejects with EEXIST when present. */
  mkdir(path: string): Promise<void>
  /** Names in a directory, unsorted. */
  readdir(path: string): Promise<DirectoryEntry[]>
  /** undefined when missing. */
  stat(path: string): Promise<FileStat | undefined>
  rename(from: string, to: string): Promise<void>
  /** Missing is not an error. */
  unlink(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  /** fsync of the directory itself: makes creates, renames and unlinks in it durable. */
  syncDirectory(path: string): Promise<void>
  /** The whole file; rejects with ENOENT when missing. */
  readFile(path: string): Promise<Buffer>
  /** Writes `path.tmp`, fsyncs it, renames it over `path`, fsyncs the directory. */
  writeFileAtomic(path: string, data: Uint8Array, options?: { sync?: boolean }): Promise<void>
  /**
   * Takes an exclusive lock on `path` (created when missing) that excludes other processes, Apache Kafka's fcntl lock
   * included (F_OFD_SETLK). Resolves to a release function, or undefined when somebody else holds it.
   */
  lock(path: string): Promise<(() => void) | undefined>
  /** Free and total bytes of the file system that holds `path`. */
  space(path: string): Promise<{ freeBytes: number; totalBytes: number }>
  /** Counters of every system call made, by name. */
  latencies(): LatencySnapshot[]
  /** Waits for running operations, joins threads. */
  close(): Promise<void>
}

export interface OpenFlags {
  readonly write?: boolean
  readonly create?: boolean
  /** Fails with EEXIST when present. */
  readonly exclusive?: boolean
  readonly truncate?: boolean
}

export interface DirectoryEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface FileStat {
  readonly size: number
  readonly modifiedMs: number
  readonly isDirectory: boolean
}

export interface DiskFile {
  readonly path: string
  /** For transports: names the open file in file regions. -1 once closed. */
  readonly handle: number

  /**
   * pwritev of `rowCount` triples (slab id, offset, length) at `position`, inline, short writes continued.
   * Returns the bytes written, or -errno (then an unknown part may have been written).
   */
  writeRowsSync(position: number, rows: Int32Array, rowCount: number): number
  /** The same on an I/O thread; the slabs must stay pinned until it settles. */
  writeRows(position: number, rows: Int32Array, rowCount: number): Promise<number>
  write(position: number, data: Uint8Array): Promise<void>
  /** pread inline. Bytes read (short only at end of file), or -errno. */
  readSync(position: number, target: Buffer, targetOffset: number, byteLength: number): number
  /** pread on an I/O thread. Bytes read, short only at end of file. */
  read(position: number, target: Buffer, targetOffset: number, byteLength: number): Promise<number>
  size(): Promise<number>
  truncate(byteLength: number): Promise<void>
  /** fallocate; KEEP_SIZE when `keepSize`. Unsupported file systems resolve without effect. */
  allocate(position: number, byteLength: number, keepSize: boolean): Promise<void>
  /** fdatasync on an I/O thread. Never retry after a rejection: the kernel reports the loss once. */
  sync(): Promise<void>
  /** sync_file_range(SYNC_FILE_RANGE_WRITE): starts write-back, does not wait for it, promises nothing. */
  startWriteback(position: number, byteLength: number): Promise<void>
  advise(position: number, byteLength: number, advice: 'willneed' | 'dontneed' | 'sequential' | 'random'): Promise<void>
  /** Page-cache state of a range (cachestat; mincore on older kernels), inline; undefined when it cannot be known. */
  residencySync(position: number, byteLength: number): Residency | undefined
  /** Reads the range on an I/O thread so that it is in the page cache, without returning it. */
  readAhead(position: number, byteLength: number): Promise<void>
  /**
   * Where sendfile does not exist: keeps the descriptor open, and `read` working, until the returned function is
   * called, whatever `close` does meanwhile. Transports that read regions hold it while a region is queued.
   */
  retain?(): () => void
  /** Gives up this handle; the descriptor closes when queued file regions have drained. Idempotent. */
  close(): void
}

/** Counts in pages of `pageBytes`. `dirty`, `writeback`, `recentlyEvicted` are -1 where only mincore exists. */
export interface Residency {
  readonly pageBytes: number
  readonly pages: number
  readonly cached: number
  readonly dirty: number
  readonly writeback: number
  readonly recentlyEvicted: number
}

/** Latency of one system call since start. */
export interface LatencySnapshot {
  readonly syscall: string
  readonly count: number
  readonly errors: number
  readonly totalNs: number
  readonly maxNs: number
  /** Bytes moved, where the call moves bytes. */
  readonly bytes: number
  /** Counts per bucket; bucket i covers [lower(i), lower(i + 1)) ns, see `bucketLowerNs`. */
  readonly buckets: number[]
}

/** A failed operation on a file: Node's own error fields, always all of them. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
  /** Symbolic name, such as ENOSPC. */
  readonly code: string
  /** Positive errno. */
  readonly errno: number
  readonly syscall: string
  readonly path: string
  constructor(fields: { code: string; errno: number; syscall: string; path: string; message?: string }) {
    super(`${fields.syscall} ${fields.path}: ${fields.message ?? fields.code}`)
    this.code = fields.code
    this.errno = fields.errno
    this.syscall = fields.syscall
    this.path = fields.path
  }
}
