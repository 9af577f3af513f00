import type { CommitLane } from '../base/commit.ts'
import type { LeaderEpoch, Offset, TimestampMs } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { AppendQueue } from './append-queue.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import { LogError, LogErrorCode } from './log-error.ts'
import { createSegment, SegmentCommitFile } from './log-files.ts'
import type { LogParts, LogRoom } from './log-parts.ts'
import type { AppendBatch, LogConfig, LogObserver, PartitionLog } from './partition-log.ts'
import type { ProducerStates } from './producer-states.ts'
import { fitting, isRollDue } from './roll.ts'
import type { Segment } from './segment.ts'
import { storeSnapshot } from './snapshot-files.ts'

const ENOSPC = 28
const EDQUOT = 122

/** Where the readable end will be once the committer says that a group is committed. */
interface GroupEnd {
  readonly endOffset: Offset
  readonly segment: Segment
  readonly position: number
}

/**
 * The writing half of a partition's log; see PartitionLog for the contract.
 * Owns the queue of batches with offsets, the active segment, and the order
 * write → committer → high watermark. LogView adds reading and lookups.
 */
export abstract class PersistentLog {
  readonly directory: string
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  readonly producerStates: ProducerStates
  config: LogConfig
  failure: Error | undefined
  /** Something was written or recovered since the log was opened: closing has files to write. */
  changed: boolean
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
  readonly #queue = new AppendQueue()
  readonly #groupEnds: GroupEnd[] = []
  readonly #lane: CommitLane
  #commitFile: SegmentCommitFile
  #epoch: LeaderEpoch
  #closing = false
  /** An open, a roll or a threaded write is under way; flush waits for it. */
  #busy = false
  #epochsStored: Promise<void> | undefined
  /** The directory entry of the active segment, until it is durable. */
  #directorySync: Promise<void> | undefined

  constructor(room: LogRoom, parts: LogParts) {
    this.room = room
    this.parts = parts
    this.observer = parts.observer
    this.directory = parts.directory
    this.segments = parts.segments
    this.epochs = parts.epochs
    this.producerStates = parts.producers
    this.config = parts.config
    this.changed = !parts.clean
    this.logStartOffset = parts.logStartOffset
    const active = this.active
    this.logEndOffset = active.endOffset
    this.writtenEnd = active.endOffset
    this.durableEnd = parts.durableEnd
    this.highWatermark = active.endOffset
    this.highWatermarkSegment = active
    this.highWatermarkPosition = active.size
    this.#epoch = Math.max(parts.epochs.latest, 0)
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
    const open = this.producerStates.firstOpenOffset
    return open === undefined ? this.highWatermark : Math.min(open, this.highWatermark)
  }

  append(batch: AppendBatch): Offset {
    if (this.failure !== undefined || this.#closing) return -1
    const baseOffset = this.logEndOffset
    const { bytes } = batch.slab
    batchHeader.setBaseOffset(bytes, batch.position, baseOffset)
    batchHeader.setPartitionLeaderEpoch(bytes, batch.position, this.#epoch)
    if (this.#epoch > this.epochs.latest) this.#startEpoch(baseOffset)
    this.#queue.add(batch, baseOffset)
    if (batch.producerId >= 0 && !batch.isControl) this.producerStates.update(batch, baseOffset, true)
    this.logEndOffset = baseOffset + batch.lastOffsetDelta + 1
    this.room.markUnflushed(this)
    return baseOffset
  }

  flush(): void {
    while (!this.#busy && this.#queue.count > 0 && this.failure === undefined) {
      const active = this.active
      if (active.file === undefined) return this.#later(this.room.files.open(active))
      const nowMs = this.room.clock.nowMs()
      if (isRollDue(active, this.config, this.#queue, this.parts.segmentJitterMs, nowMs))
        return this.#later(this.roll())
      const count = fitting(active, this.config, this.#queue)
      if (this.room.writesAreSlow) return this.#later(this.#writeThreaded(active, count))
      this.#writeInline(active, count)
    }
  }

  #writeInline(segment: Segment, count: number): void {
    const startedMs = this.room.clock.monotonicMs()
    const expected = this.#bytesOf(count)
    const written = segment.file!.writeRowsSync(segment.size, this.#queue.rows, count)
    this.room.wrote(expected, this.room.clock.monotonicMs() - startedMs)
    if (written !== expected) return this.#writeFailed(segment, written)
    this.#wrote(segment, count, expected)
  }

  async #writeThreaded(segment: Segment, count: number): Promise<void> {
    const expected = this.#bytesOf(count)
    segment.uses++
    // A copy: batches may be queued behind while the write runs.
    const rows = this.#queue.rows.slice(0, 3 * count)
    const startedMs = this.room.clock.monotonicMs()
    let written: number
    try {
      written = await segment.file!.writeRows(segment.size, rows, count)
    } catch (error) {
      written = -errnoOf(error)
    }
    segment.uses--
    this.room.wrote(expected, this.room.clock.monotonicMs() - startedMs)
    if (written !== expected) this.#writeFailed(segment, written)
    else this.#wrote(segment, count, expected)
  }

  #bytesOf(count: number): number {
    if (count === this.#queue.count) return this.#queue.byteLength
    let byteLength = 0
    for (let index = 0; index < count; index++) byteLength += this.#queue.batchBytes(index)
    return byteLength
  }

  #wrote(segment: Segment, count: number, byteLength: number): void {
    const queue = this.#queue
    const baseOffset = this.writtenEnd
    const filePosition = segment.size
    segment.dirty = true
    this.changed = true
    for (let index = 0; index < count; index++) {
      segment.added(
        queue.lastOffsets[index]!,
        queue.batchBytes(index),
        queue.timestamps[index]!,
        this.config.indexIntervalBytes,
      )
    }
    const rows = queue.rows.slice(0, 3 * count)
    const pins = queue.take(count)
    this.writtenEnd = segment.endOffset
    this.producerStates.settle(this.writtenEnd)
    this.#groupEnds.push({ endOffset: segment.endOffset, segment, position: segment.size })
    this.#lane.submit({
      leaderEpoch: this.#epoch,
      baseOffset,
      endOffset: segment.endOffset,
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
    const retriable = errno === ENOSPC || errno === EDQUOT
    const error = new LogError(LogErrorCode.failed, segment.path('.log'), `a write failed with errno ${errno}`)
    if (!retriable) return this.#fail(error, this.writtenEnd)
    this.#giveBack(this.writtenEnd)
    this.observer.appendFailed(this.self(), this.writtenEnd, error, false)
    this.#later(
      segment.file!.truncate(segment.size).catch((cause: unknown) => {
        this.#fail(cause instanceof Error ? cause : error, this.writtenEnd)
      }),
    )
  }

  #giveBack(from: Offset): void {
    this.#queue.drop()
    this.producerStates.rollBack(from)
    this.logEndOffset = from
  }

  #fail(error: Error, from: Offset): void {
    if (this.failure !== undefined) return
    this.failure = error
    this.#giveBack(this.writtenEnd)
    this.observer.appendFailed(this.self(), from, error, true)
    this.room.failed(error)
  }

  /** Runs something that flushing has to wait for, then flushes what gathered meanwhile. */
  #later(work: Promise<void>): void {
    this.#busy = true
    work
      .catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error)), this.writtenEnd))
      .finally(() => {
        this.#busy = false
        this.flush()
      })
  }

  #committed(end: Offset): void {
    if (end <= this.highWatermark) return
    const ends = this.#groupEnds
    let passed = 0
    while (passed < ends.length && ends[passed]!.endOffset <= end) passed++
    if (passed === 0) return
    const last = ends[passed - 1]!
    ends.splice(0, passed)
    this.highWatermark = last.endOffset
    this.highWatermarkSegment = last.segment
    this.highWatermarkPosition = last.position
    this.observer.highWatermarkMoved(this.self())
  }

  /** Finishes the active segment and starts the next at the written end. Only while nothing is being written. */
  async roll(): Promise<void> {
    const { disk, files } = this.room
    const finished = this.active
    const next = await createSegment(disk, files, this.directory, this.writtenEnd)
    this.segments.push(next)
    this.#commitFile = this.#commitFileOf(next)
    this.#directorySync = disk.syncDirectory(this.directory)
    // Awaited by the first sync; a failure there fails the lane.
    this.#directorySync.catch(() => {})
    await finished.storeIndexes(disk, true)
    await storeSnapshot(disk, this.directory, this.writtenEnd, this.producerStates)
  }

  /** Rolls when something was written since the last roll and nobody writes now; false when it has to wait. */
  async rollIfIdle(): Promise<boolean> {
    if (this.#busy || this.#queue.count > 0 || this.active.size === 0) return false
    this.#busy = true
    try {
      await this.roll()
    } finally {
      this.#busy = false
      this.flush()
    }
    return true
  }

  async becomeLeader(epoch: LeaderEpoch): Promise<void> {
    this.#epoch = epoch
    // The first append of an empty log records it: an unused partition needs no checkpoint.
    if (this.logEndOffset === this.logStartOffset && this.epochs.latest < 0) return
    if (this.epochs.assign(epoch, this.logEndOffset)) await this.epochs.store()
  }

  #startEpoch(startOffset: Offset): void {
    this.epochs.assign(this.#epoch, startOffset)
    this.#epochsStored = this.epochs.store()
    this.#epochsStored.catch(() => {})
  }

  #commitFileOf(segment: Segment): SegmentCommitFile {
    return new SegmentCommitFile({
      segment,
      files: this.room.files,
      beforeSync: async () => {
        await this.#directorySync
        await this.#epochsStored
      },
    })
  }

  sync(): Promise<void> {
    return this.#lane.sync()
  }

  /** Stops appends and waits until everything queued is written and durable. */
  protected async finishWrites(): Promise<void> {
    this.#closing = true
    this.flush()
    while (this.#busy || this.#queue.count > 0) {
      if (this.failure !== undefined) return
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    if (this.failure === undefined) await this.#lane.sync()
    this.#lane.close()
  }

  protected forgetProducers(nowMs: TimestampMs): void {
    this.producerStates.expire(nowMs, this.config.producerIdExpirationMs)
  }
}

function errnoOf(error: unknown): number {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined
  return typeof errno === 'number' && errno !== 0 ? Math.abs(errno) : 5
}
