import type { Offset } from '../base/ids.ts'
import type { DiskFile } from '../native/disk.ts'
import { BatchScan } from './batch-scan.ts'
import { damageAt, type Extent, extentOf } from './damage.ts'
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
  /** Verifies every batch of a segment in which a scan got stuck, so that its damage is known. */
  examine(segment: Segment): Promise<void>
}

/** Appends this close to the end of a segment are taken to be in the page cache without asking. */
const RECENT_BYTES = 8 * 1024 * 1024
/** A cold read brings in at least this much, so that small fetches do not each wait for the disk. */
const WARM_BYTES_MIN = 256 * 1024

/** One answer of one partition: what is asked for residency, and read ahead, in one go. */
const ANSWER_BYTES_MAX = RECENT_BYTES

/** Answers of the searches below that are no position. */
const SCAN_FAILED = -1
const SCAN_STUCK = -2

/**
 * Finds where the batches that answer a fetch lie. Works inline on what is in
 * memory or in the page cache; anything that would block is started on an I/O
 * thread and reported as pending. One reader serves every log of a broker.
 */
export class LogReader {
  readonly #files: FileCache
  readonly #scan = new BatchScan()

  constructor(files: FileCache) {
    this.#files = files
  }

  read(log: ReadableLog, request: ReadRequest, target: ReadResult): ReadStatus {
    target.file = undefined
    target.position = 0
    target.byteLength = 0
    target.nextOffset = request.fetchOffset
    target.ready = undefined
    if (request.fetchOffset >= request.end) return ReadStatus.ok
    const { segments } = log
    for (let index = segmentIndex(segments, request.fetchOffset); index < segments.length; index++) {
      const segment = segments[index]!
      if (segment.baseOffset >= request.end) return ReadStatus.ok
      const status = this.#readSegment(log, segment, request, target)
      // Offsets at the end of a segment may be gone (compaction): the next batch is in the next one.
      if (status !== ReadStatus.ok || target.byteLength > 0 || target.nextOffset < segment.endOffset) return status
    }
    return ReadStatus.ok
  }

  #readSegment(log: ReadableLog, segment: Segment, request: ReadRequest, target: ReadResult): ReadStatus {
    const fetchOffset = Math.max(request.fetchOffset, segment.baseOffset)
    if (segment.damage !== undefined && damageAt(segment, fetchOffset) !== undefined) return ReadStatus.corrupt
    if (segment.size === 0) {
      target.nextOffset = segment.endOffset
      return ReadStatus.ok
    }
    const file = this.#files.get(segment)
    if (file === undefined) return pending(target, this.#files.open(segment))
    if (segment.index === undefined) return pending(target, log.loadIndexes(segment))
    const estimate = startEstimate(segment, fetchOffset)
    const maxBytes = Math.min(request.maxBytes, ANSWER_BYTES_MAX)
    if (isCold(segment, file, estimate, maxBytes)) {
      return pending(target, this.#warm(segment, file, estimate, maxBytes))
    }
    const extent = segment.damage === undefined ? undefined : extentOf(segment, fetchOffset)
    const limit = this.#limitOf(log, segment, request.end, extent)
    const start = limit < 0 ? limit : this.#startOf(segment, fetchOffset, limit, extent)
    if (start === SCAN_FAILED) return ReadStatus.storageError
    if (start === SCAN_STUCK) return this.#stuck(log, segment, target)
    if (start >= limit) {
      if (limit === segment.size) target.nextOffset = segment.endOffset
      return ReadStatus.ok
    }
    return this.#cut(log, segment, file, { start, end: limit }, request, target)
  }

  /** Ends the answer at a batch boundary within the bytes that were asked for. */
  #cut(
    log: ReadableLog,
    segment: Segment,
    file: DiskFile,
    range: Extent,
    request: ReadRequest,
    target: ReadResult,
  ): ReadStatus {
    const { start } = range
    let { end } = range
    let nextOffset = Math.min(request.end, segment.endOffset)
    const damage = segment.damage?.find((candidate) => candidate.position === end)
    if (damage !== undefined) nextOffset = Math.min(nextOffset, damage.from)
    const maxBytes = Math.min(request.maxBytes, ANSWER_BYTES_MAX)
    if (end - start > maxBytes) {
      const scan = this.#scan
      const wanted = start + maxBytes
      scan.seek(segment, Math.max(start, segment.index!.floorBoundary(wanted)), end)
      let more = scan.next()
      while (more && scan.nextPosition <= wanted) more = scan.next()
      if (!more) return scan.errno === 0 ? this.#stuck(log, segment, target) : ReadStatus.storageError
      end = scan.position
      nextOffset = scan.baseOffset
      if (end === start) {
        if (!request.atLeastOne) return ReadStatus.ok
        end = scan.nextPosition
        nextOffset = scan.lastOffset + 1
      }
      scan.release()
      // The checksum does not cover offsets: an answer that leads back, or nowhere, comes from a damaged one.
      if (nextOffset <= request.fetchOffset) return this.#stuck(log, segment, target)
    }
    segment.remember(nextOffset, end)
    target.nextOffset = nextOffset
    target.file = file
    target.position = start
    target.byteLength = end - start
    return ReadStatus.ok
  }

  /** Position of the batch that contains the offset, or of the first one after it; `limit` when that lies beyond. */
  #startOf(segment: Segment, fetchOffset: Offset, limit: number, extent: Extent | undefined): number {
    const from = extent?.start ?? 0
    if (fetchOffset <= segment.baseOffset) return from
    const known = segment.recall(fetchOffset)
    if (known >= 0) return known
    const scan = this.#scan
    scan.seek(segment, Math.max(from, segment.index!.floorPosition(fetchOffset)), limit)
    while (scan.next()) if (scan.lastOffset >= fetchOffset) return scan.position
    if (scan.errno !== 0) return SCAN_FAILED
    return scan.position >= limit ? limit : SCAN_STUCK
  }

  /** Position in this segment of the first batch that ends at or beyond `end`: where an answer has to stop. */
  #limitOf(log: ReadableLog, segment: Segment, end: Offset, extent: Extent | undefined): number {
    const last = extent?.end ?? segment.size
    if (end >= segment.endOffset) return last
    if (end === log.highWatermark && segment === log.highWatermarkSegment) {
      return Math.min(last, log.highWatermarkPosition)
    }
    const known = segment.recall(end)
    if (known >= 0) return Math.min(last, known)
    const from = Math.max(extent?.start ?? 0, segment.index!.floorPosition(end))
    if (from >= last) return last
    const scan = this.#scan
    scan.seek(segment, from, last)
    while (scan.next()) if (scan.lastOffset >= end) return scan.position
    if (scan.errno !== 0) return SCAN_FAILED
    return scan.position >= last ? last : SCAN_STUCK
  }

  /** A header made no sense where one has to be. Verifying the segment finds what is damaged; then there is an answer. */
  #stuck(log: ReadableLog, segment: Segment, target: ReadResult): ReadStatus {
    return segment.verified ? ReadStatus.corrupt : pending(target, log.examine(segment))
  }

  #warm(segment: Segment, file: DiskFile, position: number, maxBytes: number): Promise<void> {
    if (segment.warming !== undefined) return segment.warming
    const byteLength = Math.min(Math.max(maxBytes, WARM_BYTES_MIN), segment.size - position)
    segment.uses++
    segment.warming = file
      .readAhead(position, byteLength)
      // A disk that cannot read answers the read that follows with the same error.
      .catch(() => {})
      .then(() => {
        segment.warmStart = position
        segment.warmEnd = position + byteLength
        segment.uses--
        segment.warming = undefined
      })
    return segment.warming
  }
}

/**
 * Would serving the range from here make the loop wait for the disk? Residency is not asked while a range is being
 * read (pages under way count as cached), nor for a range that has just been read: that one is believed once.
 */
function isCold(segment: Segment, file: DiskFile, position: number, maxBytes: number): boolean {
  if (position >= segment.inheritedBytes && segment.size - position <= RECENT_BYTES) return false
  const byteLength = Math.min(Math.max(maxBytes, 4096), segment.size - position)
  if (byteLength <= 0) return false
  if (segment.warming !== undefined) return true
  if (position >= segment.warmStart && position + byteLength <= segment.warmEnd) {
    segment.warmEnd = segment.warmStart
    return false
  }
  const residency = file.residencySync(position, byteLength)
  return residency !== undefined && residency.cached < residency.pages
}

function startEstimate(segment: Segment, fetchOffset: Offset): number {
  const known = segment.recall(fetchOffset)
  return known >= 0 ? known : segment.index!.floorPosition(fetchOffset)
}

function pending(target: ReadResult, ready: Promise<void>): ReadStatus {
  target.ready = ready
  return ReadStatus.pending
}

/** Index of the segment that holds `offset`; of the first when it lies before all of them. */
export function segmentIndex(segments: readonly Segment[], offset: Offset): number {
  // Most readers are near the end.
  const last = segments.length - 1
  if (offset >= segments[last]!.baseOffset) return last
  let low = 0
  let high = last
  while (low < high) {
    const middle = (low + high) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(low - 1, 0)
}
