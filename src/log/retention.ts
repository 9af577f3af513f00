import type { Offset, TimestampMs } from '../base/ids.ts'
import type { LogConfig } from './partition-log.ts'
import type { Segment } from './segment.ts'

export type RemovalReason = 'retention.ms' | 'retention.bytes' | 'none'

/**
 * How many of the oldest segments have outlived retention. A segment goes as a
 * whole, only below the high watermark, and by time when its newest record is
 * too old; by size while what remains is still at least retention.bytes.
 */
export function expiredSegments(
  segments: readonly Segment[],
  config: LogConfig,
  highWatermark: Offset,
  nowMs: TimestampMs,
): { count: number; reason: RemovalReason } {
  const byTime = expiredByTime(segments, config.retentionMs, highWatermark, nowMs)
  const bySize = expiredBySize(segments, config.retentionBytes, highWatermark)
  if (byTime === 0 && bySize === 0) return { count: 0, reason: 'none' }
  return byTime >= bySize ? { count: byTime, reason: 'retention.ms' } : { count: bySize, reason: 'retention.bytes' }
}

function expiredByTime(
  segments: readonly Segment[],
  retentionMs: number,
  highWatermark: Offset,
  nowMs: TimestampMs,
): number {
  if (retentionMs < 0) return 0
  let count = 0
  for (const segment of segments) {
    if (segment.size === 0 || segment.endOffset > highWatermark) break
    // Segments without any timestamp do not age.
    if (segment.maxTimestamp < 0 || nowMs - segment.maxTimestamp <= retentionMs) break
    count++
  }
  return count
}

function expiredBySize(segments: readonly Segment[], retentionBytes: number, highWatermark: Offset): number {
  if (retentionBytes < 0) return 0
  let excess = -retentionBytes
  for (const segment of segments) excess += segment.size
  let count = 0
  for (const segment of segments) {
    if (segment.size === 0 || segment.endOffset > highWatermark || excess - segment.size < 0) break
    excess -= segment.size
    count++
  }
  return count
}
