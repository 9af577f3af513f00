import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { firstRecordAtOrAfter, recordsOf, visitBatches } from './log-lookup.ts'
import type { LogParts, LogRoom } from './log-parts.ts'
import { type ReadableLog, segmentFor } from './log-reader.ts'
import type {
  AppendBatch,
  LogConfig,
  PartitionLog,
  ProducerSummary,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from './partition-log.ts'
import { ReadStatus } from './partition-log.ts'
import { PersistentLog } from './persistent-log.ts'
import { rebuildIndexes } from './rebuild-indexes.ts'
import { expiredSegments, type RemovalReason } from './retention.ts'
import type { Segment } from './segment.ts'
import { storeSnapshot } from './snapshot-files.ts'

/** A partition's log on disk: PersistentLog with reading, lookups, retention and the end of its life. */
export class Log extends PersistentLog implements PartitionLog, ReadableLog {
  readonly #loading = new Map<Segment, Promise<void>>()
  #quarantined: { readonly from: Offset; readonly to: Offset }[]

  constructor(room: LogRoom, parts: LogParts) {
    super(room, parts)
    this.#quarantined = [...parts.quarantined]
  }

  protected override self(): PartitionLog {
    return this
  }

  get sizeBytes(): number {
    let size = 0
    for (const segment of this.segments) size += segment.size
    return size
  }

  checkProducer(batch: AppendBatch): number {
    return this.producerStates.check(batch)
  }

  get duplicateBaseOffset(): Offset {
    return this.producerStates.duplicateBaseOffset
  }

  get duplicateEndOffset(): Offset {
    return this.producerStates.duplicateEndOffset
  }

  get duplicateTimestamp(): TimestampMs {
    return this.producerStates.duplicateTimestamp
  }

  read(request: ReadRequest, target: ReadResult): ReadStatus {
    if (this.failure !== undefined) return ReadStatus.storageError
    if (request.fetchOffset < this.logStartOffset || request.fetchOffset > this.logEndOffset)
      return ReadStatus.outOfRange
    for (const range of this.#quarantined) {
      if (request.fetchOffset >= range.from && request.fetchOffset < range.to) return ReadStatus.corrupt
    }
    const status = this.room.reader.read(this, this.#clip(request), target)
    return status
  }

  /** A read stops in front of a damaged range, so that what is sound before it is served. */
  #clip(request: ReadRequest): ReadRequest {
    if (this.#quarantined.length === 0) return request
    let end = request.end
    for (const range of this.#quarantined) if (range.from > request.fetchOffset) end = Math.min(end, range.from)
    return { ...request, end }
  }

  loadIndexes(segment: Segment): Promise<void> {
    const running = this.#loading.get(segment)
    if (running !== undefined) return running
    const loading = this.#loadIndexes(segment).finally(() => this.#loading.delete(segment))
    this.#loading.set(segment, loading)
    return loading
  }

  async #loadIndexes(segment: Segment): Promise<void> {
    const { disk, files } = this.room
    if (!(await segment.loadIndexes(disk))) await rebuildIndexes(files, segment, this.config.indexIntervalBytes)
    this.room.indexLoaded(segment)
  }

  async offsetForTimestamp(timestampMs: TimestampMs, end: Offset): Promise<TimestampedOffset | undefined> {
    for (const segment of [...this.segments]) {
      if (segment.maxTimestamp < timestampMs || segment.endOffset <= this.logStartOffset) continue
      if (segment.baseOffset >= end) return undefined
      if (segment.index === undefined) await this.loadIndexes(segment)
      const from = segment.index!.floorPosition(segment.timeIndex!.floorOffset(timestampMs))
      let found: TimestampedOffset | undefined
      await visitBatches(this.room.files, segment, { position: from, end: segment.size }, async (bytes, position) => {
        if (batchHeader.baseOffset(bytes, position) >= end) return false
        if (batchHeader.maxTimestamp(bytes, position) < timestampMs) return true
        if (batchHeader.lastOffset(bytes, position) < this.logStartOffset) return true
        found = await firstRecordAtOrAfter(bytes, position, timestampMs, end)
        return found === undefined
      })
      if (found !== undefined) return found
    }
    return undefined
  }

  async offsetOfMaxTimestamp(end: Offset): Promise<TimestampedOffset | undefined> {
    let best: Segment | undefined
    for (const segment of this.segments) {
      if (
        segment.size > 0 &&
        segment.baseOffset < end &&
        (best === undefined || segment.maxTimestamp > best.maxTimestamp)
      ) {
        best = segment
      }
    }
    if (best === undefined) return undefined
    if (best.index === undefined) await this.loadIndexes(best)
    const { maxTimestamp } = best
    let found: TimestampedOffset | undefined
    await visitBatches(this.room.files, best, { position: 0, end: best.size }, async (bytes, position) => {
      if (batchHeader.maxTimestamp(bytes, position) < maxTimestamp) return true
      for (const record of await recordsOf(bytes, position)) {
        if (record.timestamp !== maxTimestamp || record.offset >= end) continue
        const leaderEpoch = batchHeader.partitionLeaderEpoch(bytes, position)
        found = { offset: record.offset, timestamp: record.timestamp, leaderEpoch }
        break
      }
      return found === undefined
    })
    return found
  }

  endOffsetForEpoch(epoch: LeaderEpoch): { epoch: LeaderEpoch; endOffset: Offset } {
    return this.epochs.endOffsetFor(epoch, this.logEndOffset)
  }

  epochForOffset(offset: Offset): LeaderEpoch {
    return this.epochs.epochFor(offset)
  }

  abortedTransactions(from: Offset, to: Offset): { producerId: ProducerId; firstOffset: Offset }[] {
    return this.parts.transactions.overlapping(from, to)
  }

  async deleteRecordsBefore(offset: Offset): Promise<Offset> {
    if (offset > this.logStartOffset) await this.#moveLogStart(offset)
    return this.logStartOffset
  }

  async #moveLogStart(offset: Offset): Promise<void> {
    this.logStartOffset = offset
    await this.room.storeLogStarts()
    this.observer.logStartMoved(this)
    if (this.epochs.truncateFromStart(offset)) await this.epochs.store()
    this.parts.transactions.truncateFromStart(offset)
    this.#quarantined = this.#quarantined.filter((range) => range.to > offset)
    await this.#removeBelow(offset)
  }

  /** Removes whole segments below the log start; the active one only after a roll. */
  async #removeBelow(offset: Offset): Promise<number> {
    let freed = 0
    while (this.segments.length > 1 && this.segments[0]!.endOffset <= offset) {
      const segment = this.segments.shift()!
      freed += segment.size
      await this.room.removeSegment(segment, this.config.fileDeleteDelayMs)
    }
    return freed
  }

  async applyRetention(nowMs: TimestampMs): Promise<number> {
    if (this.failure !== undefined) return 0
    this.forgetProducers(nowMs)
    const active = this.active
    const aged = active.size > 0 && active.firstTimestamp >= 0 && nowMs - active.firstTimestamp > this.config.segmentMs
    if (aged) await this.rollIfIdle()
    if (!this.config.cleanupDelete) return 0
    const expired = expiredSegments(this.segments, this.config, this.highWatermark, nowMs)
    if (expired.count === 0) return 0
    // Everything went: an empty active segment has to follow before the last one may go.
    if (expired.count === this.segments.length && !(await this.rollIfIdle())) return 0
    const end = this.segments[expired.count - 1]!.endOffset
    this.#report(expired.count, expired.reason, end)
    const before = this.sizeBytes
    await this.#moveLogStart(Math.max(end, this.logStartOffset))
    return before - this.sizeBytes
  }

  #report(count: number, reason: RemovalReason, end: Offset): void {
    this.room.logger.info(
      { log: this.directory, segments: count, reason, logStartOffset: end },
      'removing old segments',
    )
  }

  setConfig(config: LogConfig): void {
    this.config = config
  }

  async readBytes(from: Offset, end: Offset, maxBytes: number): Promise<Buffer> {
    const segment = segmentFor(this.segments, from)
    if (segment === undefined || from >= end) return Buffer.alloc(0)
    if (segment.index === undefined) await this.loadIndexes(segment)
    const pieces: Buffer[] = []
    let byteLength = 0
    const position = segment.index!.floorPosition(from)
    await visitBatches(this.room.files, segment, { position, end: segment.size }, (bytes, at) => {
      if (batchHeader.lastOffset(bytes, at) < from) return true
      if (batchHeader.baseOffset(bytes, at) >= end) return false
      const size = batchHeader.batchByteLength(bytes, at)
      if (byteLength > 0 && byteLength + size > maxBytes) return false
      pieces.push(Buffer.from(bytes.subarray(at, at + size)))
      byteLength += size
      return true
    })
    return Buffer.concat(pieces, byteLength)
  }

  producers(): ProducerSummary[] {
    return this.producerStates.summaries()
  }

  async close(): Promise<void> {
    await this.finishWrites()
    const { disk, files } = this.room
    if (this.failure === undefined && this.changed) {
      await storeSnapshot(disk, this.directory, this.logEndOffset, this.producerStates)
      await this.active.storeIndexes(disk, true)
    }
    for (const segment of this.segments) files.close(segment)
  }

  async delete(delayMs: number): Promise<void> {
    await this.finishWrites()
    for (const segment of this.segments) {
      segment.removed = true
      this.room.files.close(segment)
    }
    await this.room.removeDirectory(this.directory, delayMs)
  }
}
