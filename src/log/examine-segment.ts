import type { Offset } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { BatchVerifier } from './batch-verifier.ts'
import type { LogRoom } from './log-parts.ts'
import { type Damage, Segment } from './segment.ts'

/** What the verifier and the file cache need of a room. */
export type ExaminingRoom = Pick<LogRoom, 'disk' | 'files' | 'checksum'>

export interface Examination {
  /** A twin with fresh indexes, timestamps and damage; its size and end are those of the last sound batch. */
  readonly found: Segment
  /** Bytes of the file behind the last sound batch. */
  readonly leftoverBytes: number
}

export interface ExaminationOptions {
  readonly indexIntervalBytes: number
  /** Offsets may be missing: compaction leaves gaps. */
  readonly isCompacted: boolean
  /** Damage that begins below this offset is stepped over; the first that begins at or above ends the examination. */
  readonly stepOverBelow: Offset
  /** Where to begin: a batch boundary, with the indexes that cover what lies before it. */
  readonly start: ExaminationStart
}

export interface ExaminationStart {
  readonly position: number
  readonly offset: Offset
  /** Its indexes hold what lies before `position`. */
  readonly twin: Segment
}

/** Begins at the first batch, with empty indexes. */
export function startOfSegment(segment: Segment): ExaminationStart {
  const twin = new Segment(segment.directory, segment.baseOffset)
  twin.startIndexes()
  return { position: 0, offset: segment.baseOffset, twin }
}

/** Verifies batches of a segment up to the end of its file, and notes what is damaged. */
export async function examineSegment(
  room: ExaminingRoom,
  segment: Segment,
  fileBytes: number,
  options: ExaminationOptions,
): Promise<Examination> {
  const { twin, position, offset } = options.start
  const damage: Damage[] = [...(twin.damage ?? [])]
  const gapsAtEnd = options.isCompacted
  const verifier = new BatchVerifier(room, { segment, fileBytes, position, expectedOffset: offset, gapsAtEnd })
  const visit = (bytes: Buffer, at: number, filePosition: number): void => {
    // Stepping over damage leaves a gap: positions in the index are the file's.
    twin.size = filePosition
    const byteLength = batchHeader.batchByteLength(bytes, at)
    const timestamp = batchHeader.maxTimestamp(bytes, at)
    twin.added(batchHeader.lastOffset(bytes, at), byteLength, timestamp, options.indexIntervalBytes)
  }
  try {
    while (!(await verifier.run(visit))) {
      const from = verifier.expectedOffset
      const bad = verifier.position
      if (from >= options.stepOverBelow || !(await verifier.findNext())) break
      damage.push({ from, to: verifier.expectedOffset, position: bad, endPosition: verifier.position })
    }
  } finally {
    verifier.close()
  }
  if (damage.length > 0) twin.damage = damage
  return { found: twin, leftoverBytes: fileBytes - twin.size }
}

/** Makes what an examination found the segment's own; size and end are the caller's to decide. */
export function adoptFindings(segment: Segment, found: Segment): void {
  segment.maxTimestamp = found.maxTimestamp
  segment.maxTimestampOffset = found.maxTimestampOffset
  segment.firstTimestamp = found.firstTimestamp
  segment.bytesSinceIndexEntry = found.bytesSinceIndexEntry
  segment.index = found.index
  segment.timeIndex = found.timeIndex
  segment.indexesStored = false
  segment.described = true
  segment.damage = found.damage
}
