import { assert } from '../base/assert.ts'
import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import {
  ATTRIBUTES,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  BATCH_MAGIC,
  BATCH_OVERHEAD_BYTES,
  CONTROL_FLAG,
  Codec,
  CRC,
  LAST_OFFSET_DELTA,
  LOG_APPEND_TIME_FLAG,
  MAGIC,
  MAX_TIMESTAMP,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
  setBaseOffset,
  setPartitionLeaderEpoch,
  TRANSACTIONAL_FLAG,
  writeInt64,
} from './batch-header.ts'
import { crc32c } from './crc32c.ts'
import { varintByteLength, varlongByteLength, writeVarint, writeVarlong } from './varint.ts'

/**
 * Encodes records into one batch of format 2: for logs that the broker itself
 * writes, for the SDK's producer, for tools and tests. Not for the produce path,
 * which stores batches as clients sent them.
 */
export interface NewRecord {
  /** null or absent is no key. */
  readonly key?: Uint8Array | null
  /** null or absent is a tombstone. */
  readonly value?: Uint8Array | null
  /** Absent is NO_TIMESTAMP. */
  readonly timestamp?: TimestampMs
  readonly headers?: readonly RecordHeader[]
  /** Offset within the batch; absent is one after the previous record. Only logs that were compacted have gaps. */
  readonly offsetDelta?: number
}

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

export interface BatchFields {
  readonly baseOffset?: Offset
  readonly partitionLeaderEpoch?: LeaderEpoch
  readonly producerId?: ProducerId
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** Under logAppendTime, the timestamp that every record of the batch gets. */
  readonly logAppendTimeMs?: TimestampMs
}

/** Encodes `records` without compression. */
export function encodeBatch(records: readonly NewRecord[], fields: BatchFields = {}): Buffer {
  return frameBatch(encodeRecords(records), Codec.none, fields)
}

/** The record section of a batch before compression, and what the header says about it. */
export interface RecordSection {
  readonly bytes: Buffer
  readonly count: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: TimestampMs
  readonly maxTimestamp: TimestampMs
}

export function encodeRecords(records: readonly NewRecord[]): RecordSection {
  assert(records.length > 0, 'a batch has at least one record')
  const baseTimestamp = records[0]!.timestamp ?? NO_TIMESTAMP
  const sized = sizeRecords(records, baseTimestamp)
  const bytes = Buffer.allocUnsafe(sized.byteLength)
  let at = 0
  for (const [index, record] of records.entries()) {
    at = writeVarint(bytes, at, sized.bodyLengths[index]!)
    at = writeRecordBody(bytes, at, record, record.offsetDelta ?? sized.deltas[index]!, baseTimestamp)
  }
  return {
    bytes,
    count: records.length,
    lastOffsetDelta: sized.deltas[records.length - 1]!,
    baseTimestamp,
    maxTimestamp: sized.maxTimestamp,
  }
}

/** Puts the header before a record section that is compressed as `codec` says. */
export function frameBatch(section: RecordSection, codec: Codec, fields: BatchFields): Buffer {
  const byteLength = BATCH_HEADER_BYTES + section.bytes.length
  const batch = Buffer.allocUnsafe(byteLength)
  section.bytes.copy(batch, BATCH_HEADER_BYTES)
  setBaseOffset(batch, 0, fields.baseOffset ?? 0)
  batch.writeInt32BE(byteLength - BATCH_OVERHEAD_BYTES, BATCH_LENGTH)
  setPartitionLeaderEpoch(batch, 0, fields.partitionLeaderEpoch ?? NO_LEADER_EPOCH)
  batch.writeInt8(BATCH_MAGIC, MAGIC)
  batch.writeInt16BE(attributesFor(codec, fields), ATTRIBUTES)
  batch.writeInt32BE(section.lastOffsetDelta, LAST_OFFSET_DELTA)
  writeInt64(batch, BASE_TIMESTAMP, section.baseTimestamp)
  writeInt64(batch, MAX_TIMESTAMP, fields.logAppendTimeMs ?? section.maxTimestamp)
  writeInt64(batch, PRODUCER_ID, fields.producerId ?? NO_PRODUCER_ID)
  batch.writeInt16BE(fields.producerEpoch ?? NO_PRODUCER_EPOCH, PRODUCER_EPOCH)
  batch.writeInt32BE(fields.baseSequence ?? NO_SEQUENCE, BASE_SEQUENCE)
  batch.writeInt32BE(section.count, RECORD_COUNT)
  batch.writeInt32BE(crc32c(batch, ATTRIBUTES), CRC)
  return batch
}

function attributesFor(codec: Codec, fields: BatchFields): number {
  let flags: number = codec
  if (fields.logAppendTimeMs !== undefined) flags |= LOG_APPEND_TIME_FLAG
  if (fields.isTransactional === true) flags |= TRANSACTIONAL_FLAG
  if (fields.isControl === true) flags |= CONTROL_FLAG
  return flags
}

interface SizedRecords {
  byteLength: number
  bodyLengths: number[]
  deltas: number[]
  maxTimestamp: TimestampMs
}

function sizeRecords(records: readonly NewRecord[], baseTimestamp: TimestampMs): SizedRecords {
  const sized: SizedRecords = { byteLength: 0, bodyLengths: [], deltas: [], maxTimestamp: NO_TIMESTAMP }
  let previousDelta = -1
  for (const record of records) {
    const offsetDelta = record.offsetDelta ?? previousDelta + 1
    assert(offsetDelta > previousDelta, 'offsets of a batch rise')
    previousDelta = offsetDelta
    const timestamp = record.timestamp ?? NO_TIMESTAMP
    if (timestamp > sized.maxTimestamp) sized.maxTimestamp = timestamp
    const bodyLength = recordBodyBytes(record, offsetDelta, timestamp - baseTimestamp)
    sized.bodyLengths.push(bodyLength)
    sized.deltas.push(offsetDelta)
    sized.byteLength += varintByteLength(bodyLength) + bodyLength
  }
  return sized
}

function recordBodyBytes(record: NewRecord, offsetDelta: number, timestampDelta: number): number {
  const headers = record.headers ?? []
  let byteLength =
    1 +
    varlongByteLength(timestampDelta) +
    varintByteLength(offsetDelta) +
    nullableBytes(record.key) +
    nullableBytes(record.value) +
    varintByteLength(headers.length)
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key)
    byteLength += varintByteLength(keyBytes) + keyBytes + nullableBytes(header.value)
  }
  return byteLength
}

function nullableBytes(value: Uint8Array | null | undefined): number {
  return value === null || value === undefined ? 1 : varintByteLength(value.length) + value.length
}

function writeRecordBody(
  bytes: Buffer,
  position: number,
  record: NewRecord,
  offsetDelta: number,
  baseTimestamp: TimestampMs,
): number {
  const headers = record.headers ?? []
  // Attributes of a record: none are defined.
  bytes[position] = 0
  let at = writeVarlong(bytes, position + 1, (record.timestamp ?? NO_TIMESTAMP) - baseTimestamp)
  at = writeVarint(bytes, at, offsetDelta)
  at = writeNullable(bytes, at, record.key)
  at = writeNullable(bytes, at, record.value)
  at = writeVarint(bytes, at, headers.length)
  for (const header of headers) {
    at = writeVarint(bytes, at, Buffer.byteLength(header.key))
    at += bytes.write(header.key, at)
    at = writeNullable(bytes, at, header.value)
  }
  return at
}

function writeNullable(bytes: Buffer, position: number, value: Uint8Array | null | undefined): number {
  if (value === null || value === undefined) return writeVarint(bytes, position, -1)
  const at = writeVarint(bytes, position, value.length)
  bytes.set(value, at)
  return at + value.length
}
