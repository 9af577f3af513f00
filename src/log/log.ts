import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { isDiskFull } from './disk-error.ts'
import { examineSegment, startOfSegment } from './examine-segment.ts'
import { visitBatches } from './log-lookup.ts'
import { type ReadableLog, segmentIndex } from './log-reader.ts'
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
import { expiredSegments } from './retention.ts'
import type { Segment } from './segment.ts'
import { firstOffsetAt, offsetOfNewest, type TimedLog } from './time-lookup.ts'

/** A partition's log on disk: PersistentLog with reading, lookups, retention and the end of its life. */
export class Log extends PersistentLog implements PartitionLog, ReadableLog, TimedLog {
  /** Index loads and examinations under way, by segment. */
  #loading: Map<Segment, Promise<void>> | undefined
  /** Moves of the log start follow one another. */
  #moving: Promise<unknown> = SETTLED

  protected override self(): PartitionLog {
    return this
  }

  get firstBaseOffset(): Offset {
    return this.segments[0]!.baseOffset
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
    if (request.fetchOffset < this.logStartOffset || request.fetchOffset > this.logEndOffset) {
      target.byteLength = 0
      target.nextOffset = request.fetchOffset
      return ReadStatus.outOfRange
    }
    return this.room.reader.read(this, request, target)
  }

  loadIndexes(segment: Segment): Promise<void> {
    return this.#once(segment, async () => {
      const { disk, files } = this.room
      if (!(await segment.loadIndexes(disk))) {
        await rebuildIndexes(files, segment, this.config.indexIntervalBytes)
        await segment.storeIndexes(disk, true)
      }
      if (segment !== this.active) this.room.indexLoaded(segment)
    })
  }

  examine(segment: Segment): Promise<void> {
    return this.#once(segment, () => this.#examine(segment))
  }

  async #examine(segment: Segment): Promise<void> {
    const { size } = segment
    const { found } = await examineSegment(this.room, segment, size, {
      indexIntervalBytes: this.config.indexIntervalBytes,
      isCompacted: this.config.cleanupCompact,
      stepOverBelow: Number.POSITIVE_INFINITY,
      start: startOfSegment(segment),
    })
    const rest = { from: found.endOffset, to: segment.endOffset, position: found.size, endPosition: size }
    const damage = [...(found.damage ?? []), ...(found.size < size ? [rest] : [])]
    segment.verified = true
    segment.damage = damage.length > 0 ? damage : undefined
    segment.index = found.index
    segment.timeIndex = found.timeIndex
    segment.indexesStored = false
    await segment.storeIndexes(this.room.disk, segment !== this.active)
    const fields = { path: segment.path('.log'), lost: damage.map(({ from, to }) => ({ from, to })) }
    if (damage.length === 0) {
      this.room.logger.warn(fields, 'an index did not fit its segment and was made again')
      return
    }
    this.room.logger.error(fields, 'a segment is damaged: these offsets are lost')
    await this.sideFiles.storeDamage(this.segments)
  }

  /** One piece of work at a time for a segment; who comes meanwhile shares it. */
  #once(segment: Segment, work: () => Promise<void>): Promise<void> {
    this.#loading ??= new Map()
    const loading = this.#loading
    const running = loading.get(segment) ?? work().finally(() => loading.delete(segment))
    loading.set(segment, running)
    return running
  }

  async describe(segment: Segment): Promise<void> {
    if (segment.described) return
    if (segment.index === undefined) await this.loadIndexes(segment)
    if (segment.described) return
    segment.described = true
    if (segment.maxTimestamp >= 0) return
    segment.maxTimestamp = segment.timeIndex?.lastTimestamp ?? -1
    segment.maxTimestampOffset = segment.timeIndex?.lastOffset ?? segment.baseOffset
  }

  offsetForTimestamp(timestampMs: TimestampMs, end: Offset): Promise<TimestampedOffset | undefined> {
    return firstOffsetAt(this, this.room.files, timestampMs, end)
  }

  offsetOfMaxTimestamp(end: Offset): Promise<TimestampedOffset | undefined> {
    return offsetOfNewest(this, this.room.files, end)
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
    const bounded = Math.min(offset, this.highWatermark)
    await this.#inTurn(async () => {
      if (bounded <= this.logStartOffset) return
      this.#announceLogStart(bounded)
      await this.room.storeLogStarts()
      await this.#removeBelowLogStart()
    })
    return this.logStartOffset
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = this.#moving.then(work, work)
    this.#moving = running.catch(() => {})
    return running
  }

  #announceLogStart(offset: Offset): void {
    this.logStartOffset = offset
    this.parts.transactions.truncateFromStart(offset)
    this.observer.logStartMoved(this)
  }

  /** The log start is durable before the first file goes: a crash does not bring back records that were said to be gone. */
  async #removeBelowLogStart(): Promise<void> {
    if (this.epochs.truncateFromStart(this.logStartOffset)) await this.sideFiles.storeStartOfEpochs()
    let isDamageGone = false
    while (this.segments.length > 1 && this.segments[0]!.endOffset <= this.logStartOffset) {
      const segment = this.segments.shift()!
      isDamageGone ||= segment.damage !== undefined
      await this.room.removeSegment(segment, this.config.fileDeleteDelayMs)
    }
    if (isDamageGone) await this.sideFiles.storeDamage(this.segments)
  }

  async applyRetention(nowMs: TimestampMs): Promise<number> {
    if (this.failure !== undefined) return 0
    this.producerStates.expire(nowMs, this.config.producerIdExpirationMs)
    const { active } = this
    const firstMs = active.firstTimestamp >= 0 ? active.firstTimestamp : active.createdMs
    if (active.size > 0 && nowMs - firstMs > this.config.segmentMs) await this.rollIfIdle()
    return this.config.cleanupDelete ? this.#inTurn(() => this.#removeExpired(nowMs)) : 0
  }

  async #removeExpired(nowMs: TimestampMs): Promise<number> {
    const rules = { config: this.config, highWatermark: this.highWatermark, nowMs }
    const { count, reason } = await expiredSegments(this.segments, rules, (segment) => this.describe(segment))
    if (count === 0) return 0
    const end = this.segments[count - 1]!.endOffset
    // Everything went: an empty active segment has to follow before the last one may go.
    if (count === this.segments.length && !(await this.rollIfIdle())) return 0
    const before = this.sizeBytes
    const fields = { log: this.directory, segments: count, reason, logStartOffset: end }
    this.room.logger.info(fields, 'removing old segments')
    if (end > this.logStartOffset) this.#announceLogStart(end)
    try {
      await this.room.storeLogStarts()
    } catch (error) {
      // Removing is what makes room again; whole segments that come back in a crash expire a second time.
      if (!isDiskFull(error)) throw error
    }
    await this.#removeBelowLogStart()
    return before - this.sizeBytes
  }

  setConfig(config: LogConfig): void {
    this.config = config
  }

  async readBytes(from: Offset, end: Offset, maxBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    let byteLength = 0
    for (let index = segmentIndex(this.segments, from); index < this.segments.length && byteLength === 0; index++) {
      const segment = this.segments[index]!
      if (segment.baseOffset >= end) break
      if (segment.index === undefined) await this.loadIndexes(segment)
      const start = segment.index!.floorPosition(from)
      await visitBatches(this.room.files, segment, { start, end: segment.size }, (bytes, at) => {
        if (batchHeader.lastOffset(bytes, at) < from) return true
        if (batchHeader.baseOffset(bytes, at) >= end) return false
        const size = batchHeader.batchByteLength(bytes, at)
        if (byteLength > 0 && byteLength + size > maxBytes) return false
        pieces.push(Buffer.from(bytes.subarray(at, at + size)))
        byteLength += size
        return true
      })
    }
    return Buffer.concat(pieces, byteLength)
  }

  producers(): ProducerSummary[] {
    return this.producerStates.summaries()
  }

  /** Index entries of the active segment that a crash would cost. */
  storeIndexTail(): Promise<void> {
    const { index } = this.active
    if (this.failure !== undefined || index === undefined || index.count === index.persisted) return SETTLED
    return this.sideFiles.storeIndexTail(this.active)
  }

  async close(): Promise<void> {
    await this.stopWriting()
    try {
      await this.closeLane()
      if (this.failure === undefined) {
        await this.sideFiles.durable()
        // A partition that was never used costs no files at all.
        if (!this.active.indexesStored && (this.active.size > 0 || this.segments.length > 1)) {
          await this.sideFiles.finish(this.active, this.producerStates.entriesAt(this.logEndOffset))
        }
      }
    } finally {
      await this.sideFiles.settled()
      for (const segment of this.segments) this.room.files.close(segment)
    }
  }

  async delete(delayMs: number): Promise<void> {
    await this.stopWriting()
    this.abandonLane()
    await this.sideFiles.settled()
    for (const segment of this.segments) segment.removed = true
    await this.room.removeDirectory(this.directory, delayMs)
    for (const segment of this.segments) this.room.files.close(segment)
  }
}

const SETTLED: Promise<void> = Promise.resolve()
