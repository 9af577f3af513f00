/**
 * What native/io exports, but for the socket layer. Counts are results; a
 * negative count is -errno. Functions that take a `job` queue work for an I/O
 * thread and return 0, or -errno when nothing was queued; the completion comes
 * through the function given to `attachIo`.
 */
export interface IoAddon {
  /** Returns the shared rows (job, result); `deliver` is called with their count, once for each wake of the loop. */
  attachIo(deliver: (count: number, payloads: JobPayload[] | undefined) => void): Float64Array
  /** Finishes what runs and ends the I/O threads; the next job starts them again. */
  joinIo(): void
  ioState(): { threads: number; pendingJobs: number; openFiles: number; slabs: number }
  latencies(): NativeLatency[]

  acquireSlab(byteLength: number): number
  releaseSlab(id: number): void
  slabBytes(id: number): Buffer
  slabPins(): Int32Array
  slabBytesInUse(): number
  setSlabBudget(byteLength: number): void
  /** Released slabs are filled with 0xDB. */
  setSlabPoison(on: boolean): void

  crc32c(bytes: Uint8Array, offset: number, byteLength: number, seed: number): number
  /** One implementation by `Crc32cKind`; undefined where the processor lacks the instructions. */
  crc32cWith(kind: number, bytes: Uint8Array, offset: number, byteLength: number, seed: number): number | undefined

  /** The result is a handle. */
  openFile(job: number, path: string, flags: number): number
  closeFile(handle: number): boolean
  writeRows(job: number, handle: number, position: number, rows: Int32Array, rowCount: number): number
  writeRowsSync(handle: number, position: number, rows: Int32Array, rowCount: number): number
  writeBytes(job: number, handle: number, position: number, bytes: Uint8Array): number
  readBytes(
    job: number,
    handle: number,
    position: number,
    target: Uint8Array,
    targetOffset: number,
    byteLength: number,
  ): number
  readBytesSync(handle: number, position: number, target: Uint8Array, targetOffset: number, byteLength: number): number
  readAhead(job: number, handle: number, position: number, byteLength: number): number
  truncateFile(job: number, handle: number, byteLength: number): number
  allocateRange(job: number, handle: number, position: number, byteLength: number, keepSize: boolean): number
  syncFile(job: number, handle: number): number
  startWriteback(job: number, handle: number, position: number, byteLength: number): number
  /** 0 willneed, 1 dontneed, 2 sequential, 3 random. */
  adviseRange(job: number, handle: number, position: number, byteLength: number, advice: number): number
  fileSize(job: number, handle: number): number
  lockFile(job: number, handle: number): number
  unlockFile(handle: number): number
  /** [pageBytes, pages, cached, dirty, writeback, recentlyEvicted]. */
  residencySync(handle: number, position: number, byteLength: number, probe: number): number[] | number

  makeDirectory(job: number, path: string): number
  syncDirectory(job: number, path: string): number
  unlinkPath(job: number, path: string): number
  removeDirectory(job: number, path: string): number
  renamePath(job: number, from: string, to: string): number
  /** Payload: name, is a directory, name, is a directory … */
  readDirectory(job: number, path: string): number
  /** Payload: size, modified ms, 1 for a directory. */
  statPath(job: number, path: string): number
  /** Payload: free bytes, total bytes. */
  statFileSystem(job: number, path: string): number
}

export type JobPayload = readonly (string | number | boolean)[]

/** As `LatencySnapshot`; buckets end with the last that is not empty. */
export interface NativeLatency {
  syscall: string
  count: number
  errors: number
  totalNs: number
  maxNs: number
  bytes: number
  buckets: number[]
}

export const Crc32cKind = { table: 0, sse42: 1, sse42ThreeWay: 2, armv8: 3 } as const
export type Crc32cKind = (typeof Crc32cKind)[keyof typeof Crc32cKind]

/** How residency is found out: `any` takes the best that this kernel has. */
export const ResidencyProbe = { any: 0, cachestat: 1, mincore: 2, nowait: 3 } as const
export type ResidencyProbe = (typeof ResidencyProbe)[keyof typeof ResidencyProbe]
