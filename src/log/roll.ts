import type { TimestampMs } from '../base/ids.ts'
import type { AppendQueue } from './append-queue.ts'
import { OFFSET_INDEX_ENTRY_BYTES } from './offset-index.ts'
import type { LogConfig } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { TIME_INDEX_ENTRY_BYTES } from './time-index.ts'

const INT32_MAX = 0x7fffffff

/** Must the active segment be finished before the oldest queued batch is written? The rules are Kafka's. */
export function isRollDue(
  segment: Segment,
  config: LogConfig,
  queue: AppendQueue,
  jitterMs: number,
  nowMs: TimestampMs,
): boolean {
  if (queue.lastOffsets[0]! - segment.baseOffset > INT32_MAX) return true
  if (segment.size === 0) return false
  if (segment.size + queue.batchBytes(0) > config.segmentBytes) return true
  if (isIndexFull(segment, config)) return true
  // By record time where records carry one, so that a replayed log rolls as the first one did.
  const timestamp = queue.timestamps[0]!
  const aheadMs = (timestamp >= 0 ? timestamp : nowMs) - segment.firstTimestamp
  return segment.firstTimestamp >= 0 && aheadMs > config.segmentMs - jitterMs
}

function isIndexFull(segment: Segment, config: LogConfig): boolean {
  const entries = Math.floor(config.segmentIndexBytes / OFFSET_INDEX_ENTRY_BYTES)
  const times = Math.floor(config.segmentIndexBytes / TIME_INDEX_ENTRY_BYTES) - 1
  return (segment.index?.count ?? 0) >= entries || (segment.timeIndex?.count ?? 0) >= times
}

/** How many of the queued batches fit into the segment: at least one. */
export function fitting(segment: Segment, config: LogConfig, queue: AppendQueue): number {
  const last = queue.lastOffsets[queue.count - 1]!
  if (segment.size + queue.byteLength <= config.segmentBytes && last - segment.baseOffset <= INT32_MAX)
    return queue.count
  let size = segment.size
  let count = 0
  while (count < queue.count) {
    size += queue.batchBytes(count)
    if (count > 0 && (size > config.segmentBytes || queue.lastOffsets[count]! - segment.baseOffset > INT32_MAX)) break
    count++
  }
  return count
}
