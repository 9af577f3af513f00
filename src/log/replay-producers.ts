import type { Offset } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { visitBatches } from './log-lookup.ts'
import type { LogRoom } from './log-parts.ts'
import type { ProducerStates, SequencedBatch } from './producer-states.ts'
import type { Segment } from './segment.ts'
import type { TransactionIndex } from './transaction-index.ts'
import { readTransactionMarker } from './transaction-marker.ts'

export interface ReplayTarget {
  /** Batches below are in the state already. */
  readonly from: Offset
  readonly producers: ProducerStates
  readonly transactions: TransactionIndex
}

/** Brings producer state and aborted transactions up to the end of the log by reading it; `.txnindex` files follow. */
export async function replayProducers(
  room: LogRoom,
  segments: readonly Segment[],
  target: ReplayTarget,
): Promise<void> {
  for (const segment of segments) {
    if (segment.endOffset <= target.from || segment.size === 0) continue
    const before = target.transactions.count
    const start = segment.index?.floorPosition(target.from) ?? 0
    await visitBatches(room.files, segment, { start, end: segment.size }, (bytes, at) => {
      if (batchHeader.baseOffset(bytes, at) >= target.from) replay(target, bytes, at)
      return true
    })
    if (target.transactions.count === before) continue
    await target.transactions.store(room.disk, segment.directory, segment)
  }
}

function replay({ producers, transactions }: ReplayTarget, bytes: Buffer, at: number): void {
  const producerId = batchHeader.producerId(bytes, at)
  if (producerId < 0) return
  const baseOffset = batchHeader.baseOffset(bytes, at)
  const flags = batchHeader.attributes(bytes, at)
  if (!batchHeader.isControl(flags)) return producers.update(sequencedBatch(bytes, at), baseOffset, false)
  const marker = readTransactionMarker(bytes, at, baseOffset)
  if (marker === undefined) return
  const firstOffset = producers.endTransaction(marker, false)
  if (!marker.aborted || firstOffset < 0) return
  const lastStableOffset = producers.stableOffsetAfter(baseOffset)
  transactions.add({ producerId, firstOffset, lastOffset: baseOffset, lastStableOffset })
}

function sequencedBatch(bytes: Buffer, at: number): SequencedBatch {
  const flags = batchHeader.attributes(bytes, at)
  return {
    lastOffsetDelta: batchHeader.lastOffsetDelta(bytes, at),
    maxTimestamp: batchHeader.maxTimestamp(bytes, at),
    producerId: batchHeader.producerId(bytes, at),
    producerEpoch: batchHeader.producerEpoch(bytes, at),
    baseSequence: batchHeader.baseSequence(bytes, at),
    isTransactional: batchHeader.isTransactional(flags),
    isControl: false,
  }
}
