import type { Offset, TimestampMs } from '../base/ids.ts'

/** KIP-98: how many of a producer's last batches are remembered, the most it may have in flight. */
export const REMEMBERED_BATCHES = 5

interface RememberedBatch {
  readonly lastSequence: number
  readonly lastOffset: Offset
  readonly offsetDelta: number
  readonly timestamp: TimestampMs
}

/**
 * What one partition knows of one producer. Batches are remembered oldest first.
 * Immutable: an update makes a new entry, so that giving back a failed append is
 * putting the old one back.
 */
export class ProducerEntry {
  readonly epoch: number
  readonly coordinatorEpoch: number
  /** First offset of the open transaction, -1 when none. */
  readonly transactionStart: Offset
  readonly lastTimestamp: TimestampMs
  readonly batches: readonly RememberedBatch[]

  constructor(fields: {
    epoch: number
    coordinatorEpoch: number
    transactionStart: Offset
    lastTimestamp: TimestampMs
    batches: readonly RememberedBatch[]
  }) {
    this.epoch = fields.epoch
    this.coordinatorEpoch = fields.coordinatorEpoch
    this.transactionStart = fields.transactionStart
    this.lastTimestamp = fields.lastTimestamp
    this.batches = fields.batches
  }

  get lastSequence(): number {
    return this.batches.length === 0 ? -1 : this.batches[this.batches.length - 1]!.lastSequence
  }

  get lastOffset(): Offset {
    return this.batches.length === 0 ? -1 : this.batches[this.batches.length - 1]!.lastOffset
  }

  get lastOffsetDelta(): number {
    return this.batches.length === 0 ? 0 : this.batches[this.batches.length - 1]!.offsetDelta
  }

  /** The remembered batch with exactly these sequences. */
  find(baseSequence: number, lastSequence: number): RememberedBatch | undefined {
    for (const batch of this.batches) {
      if (
        batch.lastSequence === lastSequence &&
        sequenceBefore(batch.lastSequence, batch.offsetDelta) === baseSequence
      ) {
        return batch
      }
    }
    return undefined
  }
}

/** Sequences run from 0 to int32 max and then start at 0 again. */
export function sequenceAfter(sequence: number, count: number): number {
  const sum = sequence + count
  return sum > 0x7fffffff ? sum - 0x80000000 : sum
}

export function sequenceBefore(sequence: number, count: number): number {
  const difference = sequence - count
  return difference < 0 ? difference + 0x80000000 : difference
}
