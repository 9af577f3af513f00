import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from '../base/ids.ts'

/**
 * The 61-byte header of a record batch (magic 2), read and written in place.
 *
 *     0        8      12           16    17   21         23
 *     ┌────────┬──────┬────────────┬─────┬────┬──────────┬─────────────────┐
 *     │ base   │length│ partition  │magic│crc │attributes│ last offset     │
 *     │ offset │      │ leader     │ = 2 │    │          │ delta           │
 *     │ i64    │ i32  │ epoch i32  │ i8  │u32 │ i16      │ i32             │
 *     ├────────┴──────┴─┬──────────┴─────┴─┬──┴──────────┼────────┬────────┤
 *     │ base timestamp  │ max timestamp    │ producer id │ epoch  │ base   │
 *     │ i64          27 │ i64           35 │ i64      43 │ i16 51 │ seq 53 │
 *     ├─────────────────┼──────────────────┴─────────────┴────────┴────────┘
 *     │ count i32    57 │ records, compressed as attributes say …        61
 *     └─────────────────┘
 *
 * `length` counts from the leader epoch on. The CRC-32C covers attributes to the
 * end, so base offset and leader epoch are rewritten without computing it again.
 *
 * Nothing here checks that the bytes are there or make sense: callers know that
 * `position` has 61 bytes behind it (batch-validator.ts, batch-decoder.ts). An
 * int64 is returned as a number; beyond 2^53 it is not exact and fails
 * `Number.isSafeInteger`, which readers of foreign bytes check.
 */
export const BASE_OFFSET = 0
export const BATCH_LENGTH = BASE_OFFSET + 8
export const PARTITION_LEADER_EPOCH = BATCH_LENGTH + 4
export const MAGIC = PARTITION_LEADER_EPOCH + 4
export const CRC = MAGIC + 1
export const ATTRIBUTES = CRC + 4
export const LAST_OFFSET_DELTA = ATTRIBUTES + 2
export const BASE_TIMESTAMP = LAST_OFFSET_DELTA + 4
export const MAX_TIMESTAMP = BASE_TIMESTAMP + 8
export const PRODUCER_ID = MAX_TIMESTAMP + 8
export const PRODUCER_EPOCH = PRODUCER_ID + 8
export const BASE_SEQUENCE = PRODUCER_EPOCH + 2
export const RECORD_COUNT = BASE_SEQUENCE + 4
export const BATCH_HEADER_BYTES = RECORD_COUNT + 4

/** Base offset and length: what has to be read to know where a batch ends. */
export const BATCH_OVERHEAD_BYTES = PARTITION_LEADER_EPOCH
/** The only batch format that is written or accepted. */
export const BATCH_MAGIC = 2

export const NO_PRODUCER_ID: ProducerId = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_TIMESTAMP: TimestampMs = -1
export const NO_LEADER_EPOCH: LeaderEpoch = -1

export const Codec = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type Codec = (typeof Codec)[keyof typeof Codec]

export const TimestampType = { createTime: 0, logAppendTime: 1 } as const
export type TimestampType = (typeof TimestampType)[keyof typeof TimestampType]

export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME_FLAG = 0x08
export const TRANSACTIONAL_FLAG = 0x10
export const CONTROL_FLAG = 0x20
export const DELETE_HORIZON_FLAG = 0x40

const TWO_POW_32 = 2 ** 32

/** Big-endian int64 as a number; not exact, and not a safe integer, beyond 2^53. */
export function readInt64(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * TWO_POW_32 + bytes.readUInt32BE(position + 4)
}

/** Writes a safe integer as big-endian int64. */
export function writeInt64(bytes: Buffer, position: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / TWO_POW_32), position)
  bytes.writeInt32BE(value | 0, position + 4)
}

export function baseOffset(bytes: Buffer, position: number): Offset {
  return readInt64(bytes, position + BASE_OFFSET)
}

/** Bytes after the length field; the whole batch is BATCH_OVERHEAD_BYTES more. */
export function batchLength(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + BATCH_LENGTH)
}

/** Size of the whole batch, header included, as its length field says. */
export function batchByteLength(bytes: Buffer, position: number): number {
  return BATCH_OVERHEAD_BYTES + batchLength(bytes, position)
}

export function partitionLeaderEpoch(bytes: Buffer, position: number): LeaderEpoch {
  return bytes.readInt32BE(position + PARTITION_LEADER_EPOCH)
}

export function magic(bytes: Buffer, position: number): number {
  return bytes.readInt8(position + MAGIC)
}

/** Signed, as `crc32c` returns it. */
export function storedCrc(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + CRC)
}

export function attributes(bytes: Buffer, position: number): number {
  return bytes.readInt16BE(position + ATTRIBUTES)
}

export function lastOffsetDelta(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + LAST_OFFSET_DELTA)
}

/** Offset of the last record of the batch, also where compaction has removed that record. */
export function lastOffset(bytes: Buffer, position: number): Offset {
  return baseOffset(bytes, position) + lastOffsetDelta(bytes, position)
}

/** Timestamp of the first record, or with the delete-horizon flag the time at which tombstones may go. */
export function baseTimestamp(bytes: Buffer, position: number): TimestampMs {
  return readInt64(bytes, position + BASE_TIMESTAMP)
}

export function maxTimestamp(bytes: Buffer, position: number): TimestampMs {
  return readInt64(bytes, position + MAX_TIMESTAMP)
}

export function producerId(bytes: Buffer, position: number): ProducerId {
  return readInt64(bytes, position + PRODUCER_ID)
}

export function producerEpoch(bytes: Buffer, position: number): number {
  return bytes.readInt16BE(position + PRODUCER_EPOCH)
}

export function baseSequence(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + BASE_SEQUENCE)
}

export function recordCount(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + RECORD_COUNT)
}

/** 0 to 7: compare with Codec, 5 to 7 are nobody's. */
export function codecOf(attributes: number): number {
  return attributes & CODEC_MASK
}

export function timestampTypeOf(attributes: number): TimestampType {
  return (attributes & LOG_APPEND_TIME_FLAG) === 0 ? TimestampType.createTime : TimestampType.logAppendTime
}

export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL_FLAG) !== 0
}

export function isControl(attributes: number): boolean {
  return (attributes & CONTROL_FLAG) !== 0
}

export function hasDeleteHorizon(attributes: number): boolean {
  return (attributes & DELETE_HORIZON_FLAG) !== 0
}

/** Outside the CRC. */
export function setBaseOffset(bytes: Buffer, position: number, offset: Offset): void {
  writeInt64(bytes, position + BASE_OFFSET, offset)
}

/** Outside the CRC. */
export function setPartitionLeaderEpoch(bytes: Buffer, position: number, epoch: LeaderEpoch): void {
  bytes.writeInt32BE(epoch, position + PARTITION_LEADER_EPOCH)
}
