import type { CommitLane } from '../base/commit.ts'
import type { LeaderEpoch, Offset } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { AppendQueue } from './append-queue.ts'
import { asError, errnoOf, isDiskFull, isOutOfDescriptors } from './disk-error.ts'
import { GroupEnds } from './group-ends.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import { LogError, LogErrorCode } from './log-error.ts'
import { createSegment, SegmentCommitFile } from './log-files.ts'
import type { LogParts, LogRoom } from './log-parts.ts'
import type { AppendBatch, LogConfig, LogObserver, PartitionLog } from './partition-log.ts'
import type { ProducerStates } from './producer-states.ts'
import { fitting, isRollDue, type RollRules } from './roll.ts'
import type { Segment } from './segment.ts'
import { SideFiles } from './side-files.ts'
import { readTransactionMarker } from './transaction-marker.ts'

const ENOSPC = 28
const EDQUOT = 122

/**
 * The writing half of a partition's log; see PartitionLog for the contract.
 * Owns the queue of batches with offsets, the active segment, and the order
 * write → committer → high watermark. Log adds reading and lookups.
 *
 * While an open, a roll, a threaded write or a cut is under way (`#busy`),
 * batches gather in the queue; they go out when it is done.
 */
export abstract class PersistentLog {
  readonly directory: string
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  readonly producerStates: ProducerStates
  config: LogConfig
  failure: Error | undefined
  logStartOffset: Offset
  logEndOffset: Offset
  writtenEnd: Offset
  durableEnd: Offset
  highWatermark: Offset
  highWatermarkSegment: Segment
  highWatermarkPosition: number
  protected readonly room: LogRoom
  protected readonly parts: LogParts
  protected readonly observer: LogObserver
  protected readonly sideFiles: SideFiles
  readonly #queue = new AppendQueue()
  readonly #groupEnds = new GroupEnds()
  readonly #lane: CommitLane
  #commitFile: SegmentCommitFile
  #epoch: LeaderEpoch
  #closing = false
  /** Settles when what flushing has to wait for is done. */
  #busy: Promise<void> | undefined
  /** The rows of the queue are being written by a thread: their slabs stay pinned whatever happens. */
  #threaded = false

  constructor(room: LogRoom, parts: LogParts) {
    this.room = room
    this.parts = parts
    this.observer = parts.observer
    this.directory = parts.directory
    this.segments = parts.segments
    this.epochs = parts.epochs
    this.producerStates = parts.producers
    this.config = parts.config
    this.logStartOffset = parts.logStartOffset
    const { active } = this
    this.logEndOffset = active.endOffset
    this.writtenEnd = active.endOffset
    this.durableEnd = parts.durableEnd
    this.highWatermark = active.endOffset
    this.highWatermarkSegment = active
    this.highWatermarkPosition = active.size
    this.#epoch = Math.max(parts.epochs.latest, 0)
    this.sideFiles = new SideFiles(room, parts)
    this.#commitFile = this.#commitFileOf(active)
    this.#lane = room.committer.openLane(parts.partition, {
      committed: (end) => this.#committed(end),
      durable: (end) => {
        this.durableEnd = Math.max(this.durableEnd, end)
      },
      failed: (error) => this.#fail(error, this.highWatermark),
    })
  }

  /** What observers are handed. */
  protected abstract self(): PartitionLog

  get active(): Segment {
    return this.segments[this.segments.length - 1]!
  }

  get latestEpoch(): LeaderEpoch {
    return this.epochs.latest
  }

  get lastStableOffset(): Offset {
    const undecided = this.producerStates.firstUndecided(this.highWatermark)
    return undecided === undefined ? this.highWatermark : Math.min(undecided, this.highWatermark)
  }

  append(batch: AppendBatch): Offset {
    if (this.failure !== undefined || this.#closing) return -1
    const baseOffset = this.logEndOffset
    const { bytes } = batch.slab
    batchHeader.setBaseOffset(bytes, batch.position, baseOffset)
    batchHeader.setPartitionLeaderEpoch(bytes, batch.position, this.#epoch)
    this.epochs.assign(this.#epoch, baseOffset)
    if (this.epochs.isChanged) this.sideFiles.storeEpochs()
    this.#queue.add(batch, baseOffset)
    if (batch.producerId >= 0) this.#updateProducer(batch, baseOffset)
    this.logEndOffset = baseOffset + batch.lastOffsetDelta + 1
    // Whoever found the queue empty has announced the log already.
    if (this.#queue.count === 1) this.room.markUnflushed(this)
    return baseOffset
  }

  #updateProducer(batch: AppendBatch, baseOffset: Offset): void {
    if (!batch.isControl) return this.producerStates.update(batch, baseOffset, true)
    const marker = readTransactionMarker(batch.slab.bytes, batch.position, baseOffset)
    if (marker === undefined) return
    const firstOffset = this.producerStates.endTransaction(marker, true)
    if (!marker.aborted || firstOffset < 0) return
    const { producerId } = marker
    const lastStableOffset = this.producerStates.stableOffsetAfter(baseOffset)
    this.sideFiles.aborted({ producerId, firstOffset, lastOffset: baseOffset, lastStableOffset })
  }

  flush(): void {
    while (this.#busy === undefined && this.#queue.count > 0 && this.failure === undefined) {
      const { active } = this
      if (this.room.files.get(active) === undefined) return this.#later(this.#reopen(active))
      const rules = { config: this.config, jitterMs: this.parts.segmentJitterMs, nowMs: this.room.clock.nowMs() }
      if (isRollDue(active, this.#queue, rules)) return this.#later(this.#rollForAppend())
      const count = fitting(active, this.#queue, rules)
      if (this.room.writesAreSlow) return this.#later(this.#writeThreaded(active, count, rules))
      this.#writeInline(active, count, rules)
    }
  }

  async #reopen(segment: Segment): Promise<void> {
    try {
      await this.room.files.open(segment)
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error
      this.#refuse(asError(error))
    }
  }

  #writeInline(segment: Segment, count: number, rules: RollRules): void {
    const expected = this.#bytesOf(count)
    const startedMs = this.room.clock.monotonicMs()
    const written = segment.file!.writeRowsSync(segment.size, this.#queue.rows, count)
    this.room.wrote(this.room.clock.monotonicMs() - startedMs)
    if (written === expected) this.#wrote(segment, count, expected, rules)
    else this.#writeFailed(segment, written)
  }

  async #writeThreaded(segment: Segment, count: number, rules: RollRules): Promise<void> {
    const expected = this.#bytesOf(count)
    const startedMs = this.room.clock.monotonicMs()
    this.#threaded = true
    segment.uses++
    // A copy: the queue's own rows may move while batches gather behind these.
    const rows = this.#queue.copyRows(count)
    const written = await segment.file!.writeRows(segment.size, rows, count).catch((error: unknown) => -errnoOf(error))
    segment.uses--
    this.#threaded = false
    this.room.wrote(this.room.clock.monotonicMs() - startedMs)
    if (this.failure !== undefined) this.#queue.drop()
    else if (written === expected) this.#wrote(segment, count, expected, rules)
    else this.#writeFailed(segment, written)
  }

  #bytesOf(count: number): number {
    if (count === this.#queue.count) return this.#queue.byteLength
    let byteLength = 0
    for (let index = 0; index < count; index++) byteLength += this.#queue.batchBytes(index)
    return byteLength
  }

  #wrote(segment: Segment, count: number, byteLength: number, rules: RollRules): void {
    const queue = this.#queue
    const baseOffset = this.writtenEnd
    const filePosition = segment.size
    const { indexIntervalBytes } = rules.config
    for (let index = 0; index < count; index++) {
      segment.added(queue.lastOffset(index), queue.batchBytes(index), queue.timestamp(index), indexIntervalBytes)
    }
    segment.dirty = true
    segment.modifiedMs = rules.nowMs
    const { endOffset } = segment
    const rows = queue.copyRows(count)
    const pins = queue.take(count)
    this.writtenEnd = endOffset
    this.producerStates.settle(endOffset)
    this.sideFiles.written(segment, endOffset)
    this.#groupEnds.push(endOffset, segment, segment.size)
    this.#lane.submit({
      leaderEpoch: this.#epoch,
      baseOffset,
      endOffset,
      file: this.#commitFile,
      filePosition,
      byteLength,
      rows,
      rowCount: count,
      pins,
    })
  }

  /** Cuts back what a failed or short write may have left; everything queued is given back. */
  #writeFailed(segment: Segment, written: number): void {
    const errno = written < 0 ? -written : ENOSPC
    const path = segment.path('.log')
    const error = new LogError(LogErrorCode.writeFailed, path, `writing failed with errno ${errno}`)
    const cut = segment.file!.truncate(segment.size)
    if (errno === ENOSPC || errno === EDQUOT) {
      this.#refuse(error)
      return this.#later(cut)
    }
    this.#fail(error, this.writtenEnd)
    // Nothing is written behind it any more, and the next start cuts it again.
    cut.catch(() => {})
  }

  /** Gives back what is queued, for a reason that may pass. */
  #refuse(error: Error): void {
    this.#giveBack()
    this.observer.appendFailed(this.self(), this.writtenEnd, error, false)
  }

  #giveBack(): void {
    if (!this.#threaded) this.#queue.drop()
    this.producerStates.rollBack(this.writtenEnd)
    this.sideFiles.gaveBack(this.writtenEnd)
    this.epochs.truncateFromEnd(this.writtenEnd + 1)
    this.logEndOffset = this.writtenEnd
  }

  #fail(error: Error, from: Offset): void {
    if (this.failure !== undefined) return
    this.failure = error
    this.#giveBack()
    this.observer.appendFailed(this.self(), from, error, true)
    this.room.failed(error)
  }

  /** Runs something that flushing has to wait for, then flushes what gathered meanwhile. */
  #later(work: Promise<void>): void {
    this.#busy = work
      .catch((error: unknown) => this.#fail(asError(error), this.writtenEnd))
      .then(() => {
        this.#busy = undefined
        this.flush()
      })
  }

  #committed(end: Offset): void {
    if (end <= this.highWatermark || !this.#groupEnds.passTo(end)) return
    this.highWatermark = this.#groupEnds.passedOffset
    this.highWatermarkSegment = this.#groupEnds.passedSegment!
    this.highWatermarkPosition = this.#groupEnds.passedPosition
    this.producerStates.highWatermarkMoved(this.highWatermark)
    this.observer.highWatermarkMoved(this.self())
  }

  async #rollForAppend(): Promise<void> {
    try {
      await this.#roll()
    } catch (error) {
      if (!isDiskFull(error) && !isOutOfDescriptors(error)) throw error
      this.#refuse(asError(error))
    }
  }

  /**
   * Starts the next segment at the written end. Only while nothing is being written. The files that belong to the
   * finished segment follow in the background; nothing in the new one is durable before its directory entry is.
   */
  async #roll(): Promise<void> {
    const { segmentBytes, preallocate } = this.config
    const next = await createSegment(this.room, this.directory, this.writtenEnd, preallocate ? segmentBytes : 0)
    const finished = this.active
    this.segments.push(next)
    this.#commitFile = this.#commitFileOf(next)
    this.sideFiles.rolled(finished, this.producerStates.entriesAt(this.writtenEnd))
  }

  /** Rolls unless nothing was written to the active segment; false when somebody is writing. */
  protected async rollIfIdle(): Promise<boolean> {
    if (this.#busy !== undefined || this.#queue.count > 0 || this.failure !== undefined || this.#closing) return false
    const rolling = this.#roll()
    this.#later(rolling.catch(() => {}))
    await rolling
    return true
  }

  async becomeLeader(epoch: LeaderEpoch): Promise<void> {
    await this.#whenWritten()
    this.#epoch = Math.max(epoch, this.#epoch)
    this.epochs.assign(this.#epoch, this.logEndOffset)
  }

  #commitFileOf(segment: Segment): SegmentCommitFile {
    return new SegmentCommitFile({ segment, files: this.room.files, beforeSync: () => this.sideFiles.durable() })
  }

  async sync(): Promise<void> {
    await this.#whenWritten()
    if (this.failure !== undefined) throw this.failure
    await this.#lane.sync()
  }

  /** Resolves once nothing is queued; batches that cannot be written are given back on the way. */
  async #whenWritten(): Promise<void> {
    this.flush()
    while (this.#busy !== undefined) {
      await this.#busy
      this.flush()
    }
  }

  /** Stops appends and waits until what was queued is written. */
  protected async stopWriting(): Promise<void> {
    this.#closing = true
    await this.#whenWritten()
  }

  /** After `stopWriting`. */
  protected async closeLane(): Promise<void> {
    try {
      if (this.failure === undefined) await this.#lane.sync()
    } finally {
      this.#lane.close()
    }
  }

  /** After `stopWriting`, when nothing of the log will be needed again. */
  protected abandonLane(): void {
    this.#lane.close()
  }
}
