import type { TimestampMs } from '../base/ids.ts'
import type { AppendQueue } from './append-queue.ts'
import { OFFSET_INDEX_ENTRY_BYTES } from './offset-index.ts'
import type { LogConfig } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { TIME_INDEX_ENTRY_BYTES } from './time-index.ts'

const INT32_MAX = 0x7fffffff

/** What rolling depends on besides the segment and the queue. */
export interface RollRules {
  readonly config: LogConfig
  readonly jitterMs: number
  readonly nowMs: TimestampMs
}

/** Must the active segment be finished before the oldest queued batch is written? The rules are Kafka's. */
export function isRollDue(segment: Segment, queue: AppendQueue, rules: RollRules): boolean {
  const { config } = rules
  if (queue.lastOffset(0) - segment.baseOffset > INT32_MAX) return true
  if (segment.size === 0) return false
  if (segment.size + queue.batchBytes(0) > config.segmentBytes) return true
  if (isIndexFull(segment, config)) return true
  return isTimeUp(segment, queue.timestamp(0), rules)
}

/** How many of the queued batches may be written to the segment together, when the first may: at least one. */
export function fitting(segment: Segment, queue: AppendQueue, rules: RollRules): number {
  let { size } = segment
  let count = 0
  while (count < queue.count) {
    size += queue.batchBytes(count)
    const fits =
      size <= rules.config.segmentBytes &&
      queue.lastOffset(count) - segment.baseOffset <= INT32_MAX &&
      !(segment.size > 0 && isTimeUp(segment, queue.timestamp(count), rules))
    if (count > 0 && !fits) break
    count++
  }
  return count
}

/** By record time where records carry one, so that a log that is written again rolls where it did the first time. */
function isTimeUp(segment: Segment, timestamp: TimestampMs, rules: RollRules): boolean {
  const { firstTimestamp } = segment
  const openMs = firstTimestamp >= 0 ? timestamp - firstTimestamp : rules.nowMs - segment.createdMs
  return openMs > rules.config.segmentMs - rules.jitterMs
}

function isIndexFull(segment: Segment, config: LogConfig): boolean {
  const entries = Math.floor(config.segmentIndexBytes / OFFSET_INDEX_ENTRY_BYTES)
  // One entry is kept for the one that closes the segment.
  const times = Math.floor(config.segmentIndexBytes / TIME_INDEX_ENTRY_BYTES) - 1
  return (segment.index?.count ?? 0) >= entries || (segment.timeIndex?.count ?? 0) >= times
}
