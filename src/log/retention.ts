import type { Offset, TimestampMs } from '../base/ids.ts'
import type { LogConfig } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** How many of the oldest segments go, and why. */
export interface Expired {
  readonly count: number
  readonly reason: 'retention.ms' | 'retention.bytes' | 'none'
}

/**
 * How many of the oldest segments have outlived retention. A segment goes as a
 * whole, only below the high watermark, and by time when its newest record is
 * too old; by size while what remains is still at least retention.bytes.
 * `describe` makes sure that a segment's largest timestamp is known.
 */
export async function expiredSegments(
  segments: readonly Segment[],
  rules: { readonly config: LogConfig; readonly highWatermark: Offset; readonly nowMs: TimestampMs },
  describe: (segment: Segment) => Promise<void>,
): Promise<Expired> {
  const isKept = (segment: Segment): boolean =>
    segment.endOffset > rules.highWatermark || (segment.size === 0 && segment === segments.at(-1))
  const firstKept = segments.findIndex(isKept)
  const removable = firstKept < 0 ? segments : segments.slice(0, firstKept)
  const bySize = expiredBySize(segments, removable, rules.config.retentionBytes)
  const byTime = await expiredByTime(removable, rules.config.retentionMs, rules.nowMs, describe)
  if (byTime === 0 && bySize === 0) return { count: 0, reason: 'none' }
  return byTime >= bySize ? { count: byTime, reason: 'retention.ms' } : { count: bySize, reason: 'retention.bytes' }
}

async function expiredByTime(
  removable: readonly Segment[],
  retentionMs: number,
  nowMs: TimestampMs,
  describe: (segment: Segment) => Promise<void>,
): Promise<number> {
  if (retentionMs < 0) return 0
  let count = 0
  for (const segment of removable) {
    await describe(segment)
    // As Kafka: without timestamps a segment is as old as its file.
    const newest = segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.modifiedMs
    if (nowMs - newest <= retentionMs) break
    count++
  }
  return count
}

function expiredBySize(segments: readonly Segment[], removable: readonly Segment[], retentionBytes: number): number {
  if (retentionBytes < 0) return 0
  let excess = -retentionBytes
  for (const segment of segments) excess += segment.size
  let count = 0
  for (const segment of removable) {
    if (excess - segment.size < 0) break
    excess -= segment.size
    count++
  }
  return count
}
