import type { Offset, TimestampMs } from '../base/ids.ts'
import { batchHeader, type DecodedRecord, decodeCompressedBatch } from '../records/index.ts'
import { type Extent, soundExtents } from './damage.ts'
import type { FileCache } from './file-cache.ts'
import type { TimestampedOffset } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** Bytes read at a time. */
const CHUNK_BYTES = 256 * 1024

/** Called for each batch with its whole bytes; false stops. The bytes are valid until it returns (or its promise settles). */
export type BatchVisitor = (bytes: Buffer, position: number) => boolean | Promise<boolean>

/** Reads the whole batches of a range that starts at a batch boundary, in order, on an I/O thread; damaged stretches are left out. */
export async function visitBatches(
  files: FileCache,
  segment: Segment,
  range: Extent,
  visit: BatchVisitor,
): Promise<void> {
  segment.uses++
  try {
    for (const extent of soundExtents(segment, range)) {
      if (!(await visitExtent(files, segment, extent, visit))) return
    }
  } finally {
    segment.uses--
  }
}

async function visitExtent(
  files: FileCache,
  segment: Segment,
  { start, end }: Extent,
  visit: BatchVisitor,
): Promise<boolean> {
  await files.open(segment)
  let chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start))
  let position = start
  while (position + batchHeader.BATCH_HEADER_BYTES <= end) {
    if (segment.file === undefined) return false
    const read = await segment.file.read(position, chunk, 0, Math.min(chunk.length, end - position))
    const used = await visitChunk(chunk.subarray(0, read), visit)
    if (used.stopped) return false
    position += used.byteLength
    if (used.byteLength > 0) continue
    if (used.neededBytes <= chunk.length || position + used.neededBytes > end) return true
    chunk = Buffer.allocUnsafe(used.neededBytes)
  }
  return true
}

interface ChunkUse {
  readonly byteLength: number
  /** Length of the batch that did not fit. */
  readonly neededBytes: number
  readonly stopped: boolean
}

async function visitChunk(chunk: Buffer, visit: BatchVisitor): Promise<ChunkUse> {
  let at = 0
  while (at + batchHeader.BATCH_HEADER_BYTES <= chunk.length) {
    const byteLength = batchHeader.batchByteLength(chunk, at)
    if (byteLength < batchHeader.BATCH_HEADER_BYTES) return { byteLength: at, neededBytes: 0, stopped: true }
    if (at + byteLength > chunk.length) return { byteLength: at, neededBytes: byteLength, stopped: false }
    const going = visit(chunk, at)
    if (!(typeof going === 'boolean' ? going : await going)) return { byteLength: at, neededBytes: 0, stopped: true }
    at += byteLength
  }
  return { byteLength: at, neededBytes: batchHeader.BATCH_HEADER_BYTES, stopped: false }
}

/** The first record of a stored batch with an offset in [from, end) and a timestamp at or after `timestampMs`. */
export async function findRecord(
  bytes: Buffer,
  position: number,
  wanted: { timestampMs: TimestampMs; from: Offset; end: Offset },
): Promise<TimestampedOffset | undefined> {
  const { records } = await decodeCompressedBatch(bytes, position)
  const found = records.find((record) => isWanted(record, wanted))
  if (found === undefined) return undefined
  const leaderEpoch = batchHeader.partitionLeaderEpoch(bytes, position)
  return { offset: found.offset, timestamp: found.timestamp, leaderEpoch }
}

/** The largest timestamp of a stored batch's records with an offset in [from, end); -1 when there is none. */
export async function newestRecord(
  bytes: Buffer,
  position: number,
  range: { from: Offset; end: Offset },
): Promise<TimestampMs> {
  const { records } = await decodeCompressedBatch(bytes, position)
  let newest = -1
  for (const record of records) {
    if (isWanted(record, { timestampMs: newest, ...range })) newest = record.timestamp
  }
  return newest
}

function isWanted(record: DecodedRecord, wanted: { timestampMs: TimestampMs; from: Offset; end: Offset }): boolean {
  return record.timestamp >= wanted.timestampMs && record.offset >= wanted.from && record.offset < wanted.end
}
