import type { Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import { APPEND_ACCEPTED, type AppendBatch, DUPLICATE, type ProducerSummary } from './partition-log.ts'
import { ProducerEntry, REMEMBERED_BATCHES, sequenceAfter } from './producer-entry.ts'

const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const INVALID_PRODUCER_EPOCH = 47

/** What an update reads of a batch. */
export type SequencedBatch = Omit<AppendBatch, 'slab' | 'position' | 'byteLength'>

/** A commit or abort marker. */
export interface TransactionMarker {
  readonly producerId: ProducerId
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly offset: Offset
  readonly timestamp: TimestampMs
  readonly aborted: boolean
}

/** One completed transaction. */
interface EndedTransaction {
  readonly producerId: ProducerId
  readonly firstOffset: Offset
  /** Of its marker. */
  readonly lastOffset: Offset
}

/** An update that may have to be taken back. */
interface UndoStep {
  readonly baseOffset: Offset
  readonly producerId: ProducerId
  readonly previous: ProducerEntry | undefined
}

/**
 * Idempotent and transactional producers of one partition. `check` decides on a
 * batch, `update` records it when it gets its offset; updates of batches that
 * are not written yet can be taken back, newest first. A partition without such
 * producers holds nothing.
 */
export class ProducerStates {
  duplicateBaseOffset: Offset = -1
  duplicateEndOffset: Offset = -1
  duplicateTimestamp: TimestampMs = -1
  #entries: Map<ProducerId, ProducerEntry> | undefined
  /** Previous entries of updates that may have to be taken back, with the base offset of their batch. */
  #undo: UndoStep[] = []
  /** Open transactions: producer to first offset. */
  #open: Map<ProducerId, Offset> | undefined
  /** Transactions whose marker is not committed yet: their records are not decided for readers either. */
  #ended: EndedTransaction[] = []

  check(batch: AppendBatch): number {
    if (batch.producerId < 0) return APPEND_ACCEPTED
    const entry = this.#entries?.get(batch.producerId)
    if (entry === undefined) return APPEND_ACCEPTED
    if (batch.producerEpoch < entry.epoch) return INVALID_PRODUCER_EPOCH
    if (batch.producerEpoch > entry.epoch)
      return batch.baseSequence === 0 ? APPEND_ACCEPTED : OUT_OF_ORDER_SEQUENCE_NUMBER
    const last = sequenceAfter(batch.baseSequence, batch.lastOffsetDelta)
    const known = entry.find(batch.baseSequence, last)
    if (known !== undefined) {
      this.duplicateBaseOffset = known.lastOffset - known.offsetDelta
      this.duplicateEndOffset = known.lastOffset + 1
      this.duplicateTimestamp = known.timestamp
      return DUPLICATE
    }
    if (entry.batches.length === 0) return APPEND_ACCEPTED
    return batch.baseSequence === sequenceAfter(entry.lastSequence, 1) ? APPEND_ACCEPTED : OUT_OF_ORDER_SEQUENCE_NUMBER
  }

  /** Records an accepted batch. `undoable` while its bytes are not written. */
  update(batch: SequencedBatch, baseOffset: Offset, undoable: boolean): void {
    if (batch.producerId < 0) return
    this.#entries ??= new Map()
    const previous = this.#entries.get(batch.producerId)
    if (undoable) this.#undo.push({ baseOffset, producerId: batch.producerId, previous })
    const sameEpoch = previous !== undefined && previous.epoch === batch.producerEpoch
    const kept = sameEpoch ? previous.batches.slice(-(REMEMBERED_BATCHES - 1)) : []
    const lastOffset = baseOffset + batch.lastOffsetDelta
    const started = previous?.transactionStart ?? -1
    const transactionStart = batch.isTransactional ? (started >= 0 ? started : baseOffset) : -1
    const added = {
      lastSequence: sequenceAfter(batch.baseSequence, batch.lastOffsetDelta),
      lastOffset,
      offsetDelta: batch.lastOffsetDelta,
      timestamp: batch.maxTimestamp,
    }
    this.#put(
      batch.producerId,
      new ProducerEntry({
        epoch: batch.producerEpoch,
        coordinatorEpoch: previous?.coordinatorEpoch ?? -1,
        transactionStart,
        lastTimestamp: batch.maxTimestamp,
        batches: [...kept, added],
      }),
    )
  }

  /**
   * A commit or abort marker ends the producer's transaction. Returns where the transaction began, -1 when none was
   * open. `undoable` while the marker is not written.
   */
  endTransaction(marker: TransactionMarker, undoable: boolean): Offset {
    this.#entries ??= new Map()
    const { producerId } = marker
    const previous = this.#entries.get(producerId)
    if (undoable) this.#undo.push({ baseOffset: marker.offset, producerId, previous })
    const firstOffset = previous?.transactionStart ?? -1
    if (firstOffset >= 0) this.#ended.push({ producerId, firstOffset, lastOffset: marker.offset })
    const sameEpoch = previous !== undefined && previous.epoch === marker.producerEpoch
    this.#put(
      producerId,
      new ProducerEntry({
        epoch: marker.producerEpoch,
        coordinatorEpoch: marker.coordinatorEpoch,
        transactionStart: -1,
        lastTimestamp: marker.timestamp,
        batches: sameEpoch ? previous.batches : [],
      }),
    )
    return firstOffset
  }

  /** First offset that is not decided once everything below `marker` is: what Kafka stores with an aborted transaction. */
  stableOffsetAfter(marker: Offset): Offset {
    let first = marker + 1
    if (this.#open !== undefined) for (const offset of this.#open.values()) first = Math.min(first, offset)
    return first
  }

  /** Batches below `end` are written: their updates stay. */
  settle(end: Offset): void {
    const undo = this.#undo
    if (undo.length === 0) return
    if (undo[undo.length - 1]!.baseOffset < end) undo.length = 0
    else this.#undo = undo.filter((step) => step.baseOffset >= end)
  }

  /** Takes back every update of a batch at or above `from`. */
  rollBack(from: Offset): void {
    for (let step = this.#undo.pop(); step !== undefined; step = this.#undo.pop()) {
      if (step.baseOffset < from) {
        this.#undo.push(step)
        break
      }
      if (step.previous === undefined) this.#remove(step.producerId)
      else this.#put(step.producerId, step.previous)
    }
    this.#ended = this.#ended.filter((ended) => ended.lastOffset < from)
  }

  /** The entries as they were when the log ended at `end`; nothing below `end` may still be undoable. */
  entriesAt(end: Offset): ReadonlyMap<ProducerId, ProducerEntry> {
    const entries = new Map(this.entries)
    for (let index = this.#undo.length - 1; index >= 0; index--) {
      const step = this.#undo[index]!
      if (step.baseOffset < end) break
      if (step.previous === undefined) entries.delete(step.producerId)
      else entries.set(step.producerId, step.previous)
    }
    return entries
  }

  /** First offset of a transaction that readers below `highWatermark` do not see the end of; undefined when there is none. */
  firstUndecided(highWatermark: Offset): Offset | undefined {
    if (this.#ended.length === 0 && (this.#open === undefined || this.#open.size === 0)) return undefined
    let first = Number.POSITIVE_INFINITY
    if (this.#open !== undefined) for (const offset of this.#open.values()) first = Math.min(first, offset)
    for (const ended of this.#ended) {
      if (ended.lastOffset >= highWatermark) first = Math.min(first, ended.firstOffset)
    }
    return first === Number.POSITIVE_INFINITY ? undefined : first
  }

  /** Markers below the high watermark are seen by every reader. */
  highWatermarkMoved(highWatermark: Offset): void {
    if (this.#ended.length > 0) this.#ended = this.#ended.filter((ended) => ended.lastOffset >= highWatermark)
  }

  /** Forgets producers without an open transaction that were silent for `expirationMs`. */
  expire(nowMs: TimestampMs, expirationMs: number): void {
    if (this.#entries === undefined) return
    for (const [producerId, entry] of this.#entries) {
      if (entry.transactionStart < 0 && nowMs - entry.lastTimestamp >= expirationMs) this.#entries.delete(producerId)
    }
  }

  get entries(): ReadonlyMap<ProducerId, ProducerEntry> {
    return this.#entries ?? NO_ENTRIES
  }

  /** Replaces everything: from a snapshot. */
  reset(entries: Iterable<readonly [ProducerId, ProducerEntry]>): void {
    this.#entries = undefined
    this.#open = undefined
    this.#undo = []
    this.#ended = []
    for (const [producerId, entry] of entries) {
      this.#entries ??= new Map()
      this.#put(producerId, entry)
    }
  }

  summaries(): ProducerSummary[] {
    return [...this.entries].map(([producerId, entry]) => ({
      producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionStartOffset: entry.transactionStart,
    }))
  }

  #put(producerId: ProducerId, entry: ProducerEntry): void {
    this.#entries!.set(producerId, entry)
    if (entry.transactionStart >= 0) {
      this.#open ??= new Map()
      this.#open.set(producerId, entry.transactionStart)
    } else {
      this.#open?.delete(producerId)
    }
  }

  #remove(producerId: ProducerId): void {
    this.#entries?.delete(producerId)
    this.#open?.delete(producerId)
  }
}

const NO_ENTRIES: ReadonlyMap<ProducerId, ProducerEntry> = new Map()
