import type { LeaderEpoch, Offset, TimestampMs } from '../base/ids.ts'
import { batchHeader, type Codec, decodeHeader, decodeRecords, decompress } from '../records/index.ts'
import type { FileCache } from './file-cache.ts'
import type { TimestampedOffset } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** Bytes read at a time. */
const CHUNK_BYTES = 256 * 1024
/** A batch that claims to grow beyond this is not decompressed for a lookup. */
const DECOMPRESSED_BYTES_MAX = 256 * 1024 * 1024

/** Called for each batch with its whole bytes; return false to stop. Bytes are valid during the call (a promise is awaited). */
export type BatchVisitor = (bytes: Buffer, position: number) => boolean | Promise<boolean>

/** Reads batches of a segment from `position` up to `end` on an I/O thread, whole ones, in order. */
export async function visitBatches(
  files: FileCache,
  segment: Segment,
  range: { position: number; end: number },
  visit: BatchVisitor,
): Promise<void> {
  segment.uses++
  try {
    await files.open(segment)
    let chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(range.end - range.position, 0)))
    let position = range.position
    while (position + batchHeader.BATCH_HEADER_BYTES <= range.end) {
      const wanted = Math.min(chunk.length, range.end - position)
      const read = await segment.file!.read(position, chunk, 0, wanted)
      const used = await visitChunk(chunk.subarray(0, read), visit)
      if (used.stopped) return
      position += used.byteLength
      if (used.byteLength === 0) {
        if (used.needed <= chunk.length || position + used.needed > range.end) return
        chunk = Buffer.allocUnsafe(used.needed)
      }
    }
  } finally {
    segment.uses--
  }
}

interface ChunkUse {
  readonly byteLength: number
  /** Length of the batch that did not fit. */
  readonly needed: number
  readonly stopped: boolean
}

async function visitChunk(chunk: Buffer, visit: BatchVisitor): Promise<ChunkUse> {
  let at = 0
  while (at + batchHeader.BATCH_HEADER_BYTES <= chunk.length) {
    const byteLength = batchHeader.batchByteLength(chunk, at)
    if (byteLength < batchHeader.BATCH_HEADER_BYTES) return { byteLength: at, needed: 0, stopped: true }
    if (at + byteLength > chunk.length) return { byteLength: at, needed: byteLength, stopped: false }
    if (!(await visit(chunk, at))) return { byteLength: at, needed: 0, stopped: true }
    at += byteLength
  }
  return { byteLength: at, needed: batchHeader.BATCH_HEADER_BYTES, stopped: false }
}

/** The first record of a batch at or after `timestampMs`, below `end`. */
export async function firstRecordAtOrAfter(
  bytes: Buffer,
  position: number,
  timestampMs: TimestampMs,
  end: Offset,
): Promise<TimestampedOffset | undefined> {
  for (const record of await recordsOf(bytes, position)) {
    if (record.offset >= end) return undefined
    if (record.timestamp >= timestampMs) return found(bytes, position, record.offset, record.timestamp)
  }
  return undefined
}

/** The records of a stored batch, decompressed if need be. */
export async function recordsOf(bytes: Buffer, position: number): Promise<ReturnType<typeof decodeRecords>> {
  const header = decodeHeader(bytes, position)
  const section = bytes.subarray(position + batchHeader.BATCH_HEADER_BYTES, position + header.byteLength)
  const codec: Codec = header.codec
  return decodeRecords(codec === 0 ? section : await decompress(codec, section, DECOMPRESSED_BYTES_MAX), header)
}

function found(bytes: Buffer, position: number, offset: Offset, timestamp: TimestampMs): TimestampedOffset {
  const leaderEpoch: LeaderEpoch = batchHeader.partitionLeaderEpoch(bytes, position)
  return { offset, timestamp, leaderEpoch }
}
