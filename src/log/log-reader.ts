import type { Offset } from '../base/ids.ts'
import type { Disk, DiskFile } from '../native/disk.ts'
import { BatchScan } from './batch-scan.ts'
import type { FileCache } from './file-cache.ts'
import { type ReadRequest, type ReadResult, ReadStatus } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** What the reader needs to know of the log it reads. */
export interface ReadableLog {
  readonly segments: readonly Segment[]
  /** Offset and place of the readable end that the log keeps without a scan. */
  readonly highWatermark: Offset
  readonly highWatermarkSegment: Segment
  readonly highWatermarkPosition: number
  /** Makes both indexes of a segment available. */
  loadIndexes(segment: Segment): Promise<void>
}

/** Appends this close to the end of the active segment are taken to be in the page cache without asking. */
const RECENT_BYTES = 8 * 1024 * 1024

/**
 * Finds where the batches that answer a fetch lie. Works inline on what is in
 * memory or in the page cache; anything that would block is started on an I/O
 * thread and reported as pending. One reader serves every log of a broker.
 */
export class LogReader {
  readonly #disk: Disk
  readonly #files: FileCache
  readonly #scan = new BatchScan()

  constructor(options: { disk: Disk; files: FileCache }) {
    this.#disk = options.disk
    this.#files = options.files
  }

  read(log: ReadableLog, request: ReadRequest, target: ReadResult): ReadStatus {
    target.byteLength = 0
    target.nextOffset = request.fetchOffset
    if (request.fetchOffset >= request.end) return ReadStatus.ok
    const segment = segmentFor(log.segments, request.fetchOffset)
    if (segment === undefined) return ReadStatus.ok
    const file = this.#files.get(segment)
    if (file === undefined) return pending(target, this.#files.open(segment))
    if (segment.index === undefined) return pending(target, log.loadIndexes(segment))
    return this.#readSegment(log, segment, file, request, target)
  }

  #readSegment(
    log: ReadableLog,
    segment: Segment,
    file: DiskFile,
    request: ReadRequest,
    target: ReadResult,
  ): ReadStatus {
    const estimate = this.#startEstimate(segment, request.fetchOffset)
    if (this.#isCold(log, segment, file, estimate, request.maxBytes)) {
      return pending(target, this.#warm(segment, file, estimate, request.maxBytes))
    }
    const limit = this.#limitOf(log, segment, file, request.end)
    if (limit < 0) return ReadStatus.storageError
    const start = this.#startOf(segment, file, request.fetchOffset, limit)
    if (start < 0) return start === SCAN_FAILED ? ReadStatus.storageError : ReadStatus.corrupt
    if (start >= limit) return ReadStatus.ok
    return this.#cut(segment, file, start, limit, request, target)
  }

  /** Ends the answer at a batch boundary within the bytes that were asked for. */
  #cut(
    segment: Segment,
    file: DiskFile,
    start: number,
    limit: number,
    request: ReadRequest,
    target: ReadResult,
  ): ReadStatus {
    let end = limit
    target.nextOffset = Math.min(request.end, segment.endOffset)
    if (limit - start > request.maxBytes) {
      const scan = this.#scan
      const wanted = start + request.maxBytes
      scan.seek(file, Math.max(start, segment.index!.floorBoundary(wanted)), segment.size)
      end = scan.position
      while (scan.next()) {
        target.nextOffset = scan.baseOffset
        end = scan.position
        if (scan.position + scan.byteLength > wanted) break
      }
      if (scan.errno !== 0) return ReadStatus.storageError
      if (end === start) {
        if (!request.atLeastOne) return ReadStatus.ok
        if (scan.byteLength === 0) return ReadStatus.corrupt
        end = start + scan.byteLength
        target.nextOffset = scan.lastOffset + 1
      }
      scan.release()
    }
    segment.remember(target.nextOffset, end)
    target.file = file
    target.position = start
    target.byteLength = end - start
    return ReadStatus.ok
  }

  #startEstimate(segment: Segment, fetchOffset: Offset): number {
    const known = segment.recall(fetchOffset)
    return known >= 0 ? known : segment.index!.floorPosition(fetchOffset)
  }

  /** Position of the batch that contains the offset, or of the first one after it. */
  #startOf(segment: Segment, file: DiskFile, fetchOffset: Offset, limit: number): number {
    if (fetchOffset <= segment.baseOffset) return 0
    const known = segment.recall(fetchOffset)
    if (known >= 0) return known
    const scan = this.#scan
    scan.seek(file, segment.index!.floorPosition(fetchOffset), segment.size)
    while (scan.next()) if (scan.lastOffset >= fetchOffset) return scan.position
    if (scan.errno !== 0) return SCAN_FAILED
    return scan.position + scan.byteLength >= limit ? limit : SCAN_CORRUPT
  }

  /** Position in this segment of the first batch that lies at or beyond `end`. */
  #limitOf(log: ReadableLog, segment: Segment, file: DiskFile, end: Offset): number {
    if (end >= segment.endOffset) return segment.size
    if (end === log.highWatermark && segment === log.highWatermarkSegment) return log.highWatermarkPosition
    const scan = this.#scan
    scan.seek(file, segment.index!.floorPosition(end), segment.size)
    while (scan.next()) if (scan.lastOffset >= end) return scan.position
    return scan.errno !== 0 ? SCAN_FAILED : scan.position
  }

  #isCold(log: ReadableLog, segment: Segment, file: DiskFile, position: number, maxBytes: number): boolean {
    const active = log.segments[log.segments.length - 1] === segment
    if (active && segment.size - position <= RECENT_BYTES) return false
    const byteLength = Math.min(Math.max(maxBytes, 4096), segment.size - position)
    if (byteLength <= 0) return false
    const residency = file.residencySync(position, byteLength)
    return residency !== undefined && residency.cached < residency.pages
  }

  async #warm(segment: Segment, file: DiskFile, position: number, maxBytes: number): Promise<void> {
    segment.uses++
    try {
      await file.readAhead(position, Math.min(Math.max(maxBytes, 4096), segment.size - position))
    } finally {
      segment.uses--
    }
  }

  get disk(): Disk {
    return this.#disk
  }
}

const SCAN_FAILED = -1
const SCAN_CORRUPT = -2

function pending(target: ReadResult, ready: Promise<void>): ReadStatus {
  target.ready = ready
  return ReadStatus.pending
}

/** The segment that holds `offset`, or the first one after a gap; undefined beyond the last. */
export function segmentFor(segments: readonly Segment[], offset: Offset): Segment | undefined {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle + 1
    else high = middle
  }
  const floor = segments[Math.max(low - 1, 0)]
  if (floor === undefined) return undefined
  return offset < floor.endOffset ? floor : segments[low]
}
