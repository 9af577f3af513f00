import type { Offset } from '../base/ids.ts'
import { BatchVerifier } from './batch-verifier.ts'
import { asError } from './disk-error.ts'
import {
  adoptFindings,
  type ExaminationStart,
  type ExaminingRoom,
  examineSegment,
  startOfSegment,
} from './examine-segment.ts'
import { createSegment } from './log-files.ts'
import type { LogRoom } from './log-parts.ts'
import { Segment } from './segment.ts'

/** What recovery had to cut or set aside of one log. */
export interface RecoveryReport {
  truncatedBytes: number
  /** Sound batches among what was cut: written after the first one that is missing or bad. */
  truncatedBatches: number
  removedSegments: number
  /** Damage below the recovery point, as offsets: its bytes are kept, reads of it answer CORRUPT_MESSAGE. */
  quarantined: { from: Offset; to: Offset }[]
}

export function emptyReport(): RecoveryReport {
  return { truncatedBytes: 0, truncatedBatches: 0, removedSegments: 0, quarantined: [] }
}

export interface RecoveryOptions {
  /** Everything below was durable once. */
  readonly recoveryPoint: Offset
  readonly indexIntervalBytes: number
  /** Offsets may be missing between segments. */
  readonly isCompacted: boolean
  readonly onProgress: (byteLength: number) => void
}

/**
 * Recovers the segments of one log after an unclean stop.
 *
 * Segments that end at or below the recovery point are taken as they are. The
 * others are read again from the disk from the recovery point on (the page cache
 * may hold what a failed write-back lost: sync, then drop the pages), batch by
 * batch, with checksums. The log ends in front of the first batch at or above the
 * recovery point that is missing or bad; what follows goes, and is reported.
 * Damage below the recovery point is no torn tail: it is set aside, and what lies
 * behind it is served.
 */
export async function recoverSegments(
  room: LogRoom,
  segments: Segment[],
  options: RecoveryOptions,
): Promise<RecoveryReport> {
  const report = emptyReport()
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!
    const next = segments[index + 1]
    if (next !== undefined && segment.endOffset <= options.recoveryPoint) continue
    const fileBytes = segment.size
    const start = await startOfRecovery(room, segment, options.recoveryPoint)
    await distrustPageCache(room, segment, start.position, fileBytes)
    const { found, leftoverBytes } = await examineSegment(room, segment, fileBytes, {
      indexIntervalBytes: options.indexIntervalBytes,
      isCompacted: options.isCompacted,
      stepOverBelow: options.recoveryPoint,
      start,
    })
    options.onProgress(fileBytes - start.position)
    adoptFindings(segment, found)
    const end = { offset: found.endOffset, size: found.size, leftoverBytes }
    if (end.offset < options.recoveryPoint && (leftoverBytes > 0 || isHole(end.offset, next, options))) {
      await setTailAside(room, segments, segment, end, next?.baseOffset ?? options.recoveryPoint)
    } else if (leftoverBytes > 0 || isHole(end.offset, next, options)) {
      await cutLog(room, segments, index, end, report)
    } else if (next !== undefined) {
      await segment.storeIndexes(room.disk, true)
      room.indexLoaded(segment)
    } else {
      segment.endOffset = end.offset
    }
    for (const { from, to } of segment.damage ?? []) report.quarantined.push({ from, to })
  }
  return report
}

/** Where a segment ends as far as its batches are sound. */
interface SoundEnd {
  readonly offset: Offset
  readonly size: number
  readonly leftoverBytes: number
}

/** Do offsets lack between the sound end of a segment and the next one (or the recovery point) that were there once? */
function isHole(end: Offset, next: Segment | undefined, options: RecoveryOptions): boolean {
  if (next === undefined) return end < options.recoveryPoint
  return end < next.baseOffset && !options.isCompacted
}

/** Of what was durable, so much in front of the recovery point is verified too: a disk that lied about a flush lost it there. */
const VERIFIED_DURABLE_BYTES = 1024 * 1024

/**
 * The batch of an index entry some way below the recovery point, when the indexes are there and the batch is too:
 * everything before was durable and is not read again. Otherwise the beginning.
 */
async function startOfRecovery(room: ExaminingRoom, segment: Segment, point: Offset): Promise<ExaminationStart> {
  const twin = new Segment(segment.directory, segment.baseOffset)
  twin.size = segment.size
  if (point <= segment.baseOffset || !(await twin.loadIndexes(room.disk))) return startOfSegment(segment)
  const position = twin.index!.floorBoundary(twin.index!.floorPosition(point - 1) - VERIFIED_DURABLE_BYTES)
  if (position === 0) return startOfSegment(segment)
  twin.index!.truncateToPosition(position)
  const offset = await soundBatchAt(room, segment, position)
  if (offset === undefined || twin.timeIndex === undefined) return startOfSegment(segment)
  twin.timeIndex.truncateTo(offset)
  twin.damage = segment.damage?.filter((damage) => damage.endPosition <= position)
  twin.maxTimestamp = twin.timeIndex.lastTimestamp
  twin.maxTimestampOffset = twin.timeIndex.lastOffset
  twin.size = position
  twin.endOffset = offset
  // The entry of this very batch was dropped with those behind it: it is made again.
  twin.bytesSinceIndexEntry = Number.MAX_SAFE_INTEGER
  return { position, offset, twin }
}

/** The base offset of the sound batch that begins at `position`; undefined when there is none. */
async function soundBatchAt(room: ExaminingRoom, segment: Segment, position: number): Promise<Offset | undefined> {
  let offset: Offset | undefined
  const range = { fileBytes: segment.size, position, expectedOffset: segment.baseOffset }
  const verifier = new BatchVerifier(room, { segment, ...range, gapsAtEnd: true })
  try {
    offset = await verifier.firstOffset()
  } finally {
    verifier.close()
  }
  return offset
}

async function distrustPageCache(room: LogRoom, segment: Segment, from: number, fileBytes: number): Promise<void> {
  if (fileBytes <= from) return
  segment.uses++
  try {
    await room.files.open(segment)
    segment.dirty = true
    await room.files.sync(segment)
    await segment.file?.advise(from, fileBytes - from, 'dontneed')
  } finally {
    segment.uses--
  }
}

/** Damage below the recovery point that reaches the end of a segment: its bytes stay, and the log goes on behind it. */
async function setTailAside(
  room: LogRoom,
  segments: Segment[],
  segment: Segment,
  end: SoundEnd,
  to: Offset,
): Promise<void> {
  const endPosition = end.size + end.leftoverBytes
  segment.damage = [...(segment.damage ?? []), { from: end.offset, to, position: end.size, endPosition }]
  segment.size = endPosition
  segment.endOffset = to
  await segment.storeIndexes(room.disk, true)
  if (segments.at(-1) !== segment) return
  segments.push(await createSegment(room, segment.directory, to))
  await room.disk.syncDirectory(segment.directory)
}

/** Ends the log in front of the first bad batch, which lies at or above the recovery point. */
async function cutLog(
  room: LogRoom,
  segments: Segment[],
  index: number,
  end: SoundEnd,
  report: RecoveryReport,
): Promise<void> {
  const segment = segments[index]!
  const from = { segment, fileBytes: end.size + end.leftoverBytes, position: end.size, expectedOffset: end.offset }
  report.truncatedBatches += await countSoundBatches(room, from)
  report.truncatedBytes += end.leftoverBytes
  segment.size = end.size
  segment.endOffset = end.offset
  await room.files.open(segment)
  await segment.file!.truncate(end.size)
  segment.dirty = true
  await room.files.sync(segment)
  for (const later of segments.splice(index + 1)) {
    const whole = { segment: later, fileBytes: later.size, position: 0, expectedOffset: later.baseOffset }
    report.truncatedBatches += await countSoundBatches(room, whole)
    report.truncatedBytes += later.size
    report.removedSegments++
    await room.removeSegment(later, 0)
  }
  await room.disk.syncDirectory(segment.directory)
}

/** For the report only: an unreadable rest counts nothing. */
async function countSoundBatches(
  room: LogRoom,
  from: { segment: Segment; fileBytes: number; position: number; expectedOffset: Offset },
): Promise<number> {
  let count = 0
  const verifier = new BatchVerifier(room, { ...from, gapsAtEnd: true })
  try {
    const visit = (): void => {
      count++
    }
    let ended = await verifier.run(visit)
    while (!ended && (await verifier.findNext())) ended = await verifier.run(visit)
  } catch (error) {
    room.logger.warn({ path: from.segment.path('.log'), error: asError(error).message }, 'what is cut cannot be read')
  } finally {
    verifier.close()
  }
  return count
}
