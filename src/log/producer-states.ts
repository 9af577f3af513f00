import type { Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import { APPEND_ACCEPTED, type AppendBatch, DUPLICATE, type ProducerSummary } from './partition-log.ts'
import { ProducerEntry, REMEMBERED_BATCHES, sequenceAfter } from './producer-entry.ts'

const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const INVALID_PRODUCER_EPOCH = 47

/** What an update reads of a batch. */
export type SequencedBatch = Omit<AppendBatch, 'slab' | 'position' | 'byteLength'>

/** One completed transaction, for the transaction index. */
export interface CompletedTransaction {
  readonly producerId: ProducerId
  readonly firstOffset: Offset
  readonly lastOffset: Offset
  readonly aborted: boolean
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
  #undo: { baseOffset: Offset; producerId: ProducerId; previous: ProducerEntry | undefined }[] = []
  /** Open transactions: producer to first offset. */
  #open: Map<ProducerId, Offset> | undefined

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

  /** A commit or abort marker ends the producer's transaction. */
  endTransaction(marker: {
    producerId: ProducerId
    producerEpoch: number
    coordinatorEpoch: number
    offset: Offset
    timestamp: TimestampMs
    aborted: boolean
  }): CompletedTransaction | undefined {
    this.#entries ??= new Map()
    const previous = this.#entries.get(marker.producerId)
    const firstOffset = previous?.transactionStart ?? -1
    const sameEpoch = previous !== undefined && previous.epoch === marker.producerEpoch
    this.#put(
      marker.producerId,
      new ProducerEntry({
        epoch: marker.producerEpoch,
        coordinatorEpoch: marker.coordinatorEpoch,
        transactionStart: -1,
        lastTimestamp: marker.timestamp,
        batches: sameEpoch ? previous.batches : [],
      }),
    )
    if (firstOffset < 0) return undefined
    return { producerId: marker.producerId, firstOffset, lastOffset: marker.offset, aborted: marker.aborted }
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
        return
      }
      if (step.previous === undefined) this.#remove(step.producerId)
      else this.#put(step.producerId, step.previous)
    }
  }

  /** First offset of the earliest open transaction, or undefined. */
  get firstOpenOffset(): Offset | undefined {
    if (this.#open === undefined || this.#open.size === 0) return undefined
    let first = Number.POSITIVE_INFINITY
    for (const offset of this.#open.values()) first = Math.min(first, offset)
    return first
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
