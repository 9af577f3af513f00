import type { Offset, TimestampMs } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import type { FileCache } from './file-cache.ts'
import { findRecord, newestRecord, visitBatches } from './log-lookup.ts'
import type { TimestampedOffset } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** What lookups by time need of a log. */
export interface TimedLog {
  readonly segments: readonly Segment[]
  readonly logStartOffset: Offset
  loadIndexes(segment: Segment): Promise<void>
  /** Makes the segment's largest timestamp known. */
  describe(segment: Segment): Promise<void>
}

/** The first record at or after a time and below `end`. The time index tells where to begin, the batches decide. */
export async function firstOffsetAt(
  log: TimedLog,
  files: FileCache,
  timestampMs: TimestampMs,
  end: Offset,
): Promise<TimestampedOffset | undefined> {
  const from = log.logStartOffset
  for (const segment of [...log.segments]) {
    if (segment.baseOffset >= end) return undefined
    if (segment.endOffset <= from || segment.removed) continue
    await log.describe(segment)
    if (segment.maxTimestamp < timestampMs) continue
    const start = await positionFor(log, segment, timestampMs)
    let found: TimestampedOffset | undefined
    await visitBatches(files, segment, { start, end: segment.size }, async (bytes, position) => {
      if (batchHeader.baseOffset(bytes, position) >= end) return false
      if (batchHeader.maxTimestamp(bytes, position) < timestampMs) return true
      if (batchHeader.lastOffset(bytes, position) < from) return true
      found = await findRecord(bytes, position, { timestampMs, from, end })
      return found === undefined
    })
    if (found !== undefined) return found
  }
  return undefined
}

/** The record with the largest timestamp below `end`, of several the first. */
export async function offsetOfNewest(
  log: TimedLog,
  files: FileCache,
  end: Offset,
): Promise<TimestampedOffset | undefined> {
  let newest = -1
  let holder: Segment | undefined
  for (const segment of [...log.segments]) {
    if (segment.size === 0 || segment.endOffset <= log.logStartOffset || segment.removed) continue
    if (segment.baseOffset >= end) break
    const timestamp = await newestBelow(log, files, segment, end)
    if (timestamp <= newest) continue
    newest = timestamp
    holder = segment
  }
  if (holder === undefined) return undefined
  const start = await positionFor(log, holder, newest)
  let found: TimestampedOffset | undefined
  await visitBatches(files, holder, { start, end: holder.size }, async (bytes, position) => {
    if (batchHeader.maxTimestamp(bytes, position) < newest) return true
    found = await findRecord(bytes, position, { timestampMs: newest, from: log.logStartOffset, end })
    return found === undefined
  })
  return found
}

/** Largest timestamp of a segment's records within [log start, end): of a batch that lies across a bound, only theirs. */
async function newestBelow(log: TimedLog, files: FileCache, segment: Segment, end: Offset): Promise<TimestampMs> {
  if (segment.endOffset <= end && segment.baseOffset >= log.logStartOffset) {
    await log.describe(segment)
    return segment.maxTimestamp
  }
  const from = log.logStartOffset
  let newest = -1
  await visitBatches(files, segment, { start: 0, end: segment.size }, async (bytes, position) => {
    const timestamp = batchHeader.maxTimestamp(bytes, position)
    const baseOffset = batchHeader.baseOffset(bytes, position)
    const lastOffset = batchHeader.lastOffset(bytes, position)
    if (baseOffset >= end) return false
    if (timestamp <= newest || lastOffset < from) return true
    const isInside = baseOffset >= from && lastOffset < end
    newest = isInside ? timestamp : Math.max(newest, await newestRecord(bytes, position, { from, end }))
    return true
  })
  return newest
}

/** Position of a batch with nothing as young as `timestampMs` before it. */
async function positionFor(log: TimedLog, segment: Segment, timestampMs: TimestampMs): Promise<number> {
  if (segment.index === undefined) await log.loadIndexes(segment)
  return segment.index!.floorPosition(segment.timeIndex!.floorOffset(timestampMs))
}
