import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import {
  ATTRIBUTES,
  attributes,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_OVERHEAD_BYTES,
  baseOffset,
  baseSequence,
  baseTimestamp,
  batchByteLength,
  Codec,
  codecOf,
  isControl,
  isTransactional,
  lastOffset,
  magic,
  maxTimestamp,
  partitionLeaderEpoch,
  producerEpoch,
  producerId,
  recordCount,
  storedCrc,
  TimestampType,
  timestampTypeOf,
} from './batch-header.ts'
import { crc32c } from './crc32c.ts'
import { RecordsError, RecordsErrorCode } from './records-error.ts'
import { VarintReader } from './varint.ts'

/**
 * Decodes stored or received batches into objects: for tools, tests, lookups by
 * timestamp, and the broker's own logs. Every length is checked against the
 * bytes at hand before it is used; what does not fit throws RecordsError. Keys
 * and values are views on the batch's (or the decompressed) bytes, not copies.
 */
export interface DecodedRecord {
  readonly offset: Offset
  readonly timestamp: TimestampMs
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: { readonly key: string; readonly value: Buffer | null }[]
}

export interface DecodedHeader {
  readonly baseOffset: Offset
  readonly lastOffset: Offset
  readonly byteLength: number
  readonly partitionLeaderEpoch: LeaderEpoch
  readonly codec: Codec
  readonly timestampType: TimestampType
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly baseTimestamp: TimestampMs
  readonly maxTimestamp: TimestampMs
  readonly producerId: ProducerId
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

export interface DecodedBatch {
  readonly header: DecodedHeader
  readonly records: DecodedRecord[]
}

/** Checks size, format and checksum of the batch at `position` and reads its header. */
export function decodeHeader(bytes: Buffer, position = 0): DecodedHeader {
  const byteLength = checkedByteLength(bytes, position)
  if (magic(bytes, position) !== BATCH_MAGIC) {
    throw new RecordsError(RecordsErrorCode.corrupt, `batch format ${magic(bytes, position)} is not ${BATCH_MAGIC}`)
  }
  if (crc32c(bytes, position + ATTRIBUTES, position + byteLength) !== storedCrc(bytes, position)) {
    throw new RecordsError(RecordsErrorCode.corrupt, `the batch at byte ${position} does not match its checksum`)
  }
  const flags = attributes(bytes, position)
  return {
    baseOffset: baseOffset(bytes, position),
    lastOffset: lastOffset(bytes, position),
    byteLength,
    partitionLeaderEpoch: partitionLeaderEpoch(bytes, position),
    codec: knownCodec(flags),
    timestampType: timestampTypeOf(flags),
    isTransactional: isTransactional(flags),
    isControl: isControl(flags),
    baseTimestamp: baseTimestamp(bytes, position),
    maxTimestamp: maxTimestamp(bytes, position),
    producerId: producerId(bytes, position),
    producerEpoch: producerEpoch(bytes, position),
    baseSequence: baseSequence(bytes, position),
    recordCount: recordCount(bytes, position),
  }
}

function checkedByteLength(bytes: Buffer, position: number): number {
  const available = bytes.length - position
  if (available < BATCH_OVERHEAD_BYTES) {
    throw new RecordsError(RecordsErrorCode.truncated, `${available} bytes at ${position} are no batch`)
  }
  const byteLength = batchByteLength(bytes, position)
  if (byteLength < BATCH_HEADER_BYTES) {
    throw new RecordsError(RecordsErrorCode.corrupt, `a batch of ${byteLength} bytes at ${position} is impossible`)
  }
  if (byteLength > available) {
    throw new RecordsError(
      RecordsErrorCode.truncated,
      `the batch at byte ${position} has ${byteLength} bytes, only ${available} are there`,
    )
  }
  return byteLength
}

function knownCodec(flags: number): Codec {
  const number = codecOf(flags)
  for (const codec of Object.values(Codec)) if (codec === number) return codec
  throw new RecordsError(RecordsErrorCode.codecUnknown, `compression type ${number} is unknown`)
}

/** Decodes the uncompressed records of a batch whose header is `header`. */
export function decodeRecords(section: Buffer, header: DecodedHeader): DecodedRecord[] {
  const records: DecodedRecord[] = []
  const reader = new VarintReader(section, 0, section.length)
  for (let index = 0; index < header.recordCount; index++) records.push(decodeRecord(reader, header, index))
  if (reader.position !== section.length) {
    throw new RecordsError(RecordsErrorCode.corrupt, `${section.length - reader.position} bytes follow the last record`)
  }
  return records
}

function decodeRecord(reader: VarintReader, header: DecodedHeader, index: number): DecodedRecord {
  const bodyLength = reader.readVarint()
  const end = reader.position + bodyLength
  // Record attributes: none are defined.
  reader.readByte()
  const timestampDelta = reader.readVarlong()
  const offsetDelta = reader.readVarint()
  const key = readNullable(reader)
  const value = readNullable(reader)
  const headers = readHeaders(reader)
  if (reader.failed || reader.position !== end) {
    throw new RecordsError(RecordsErrorCode.corrupt, `record ${index} of the batch does not fit its length`)
  }
  const timestamp =
    header.timestampType === TimestampType.logAppendTime ? header.maxTimestamp : header.baseTimestamp + timestampDelta
  return { offset: header.baseOffset + offsetDelta, timestamp, key, value, headers }
}

function readHeaders(reader: VarintReader): { key: string; value: Buffer | null }[] {
  const headers: { key: string; value: Buffer | null }[] = []
  const count = reader.readVarint()
  for (let index = 0; index < count && !reader.failed; index++) {
    const key = readNullable(reader)
    if (key === null) throw new RecordsError(RecordsErrorCode.corrupt, 'a record header has no key')
    headers.push({ key: key.toString('utf8'), value: readNullable(reader) })
  }
  if (count < 0) throw new RecordsError(RecordsErrorCode.corrupt, 'a record has a negative number of headers')
  return headers
}

function readNullable(reader: VarintReader): Buffer | null {
  const byteLength = reader.readVarint()
  if (byteLength < 0) return null
  const start = reader.skip(byteLength)
  return reader.failed ? null : reader.bytes.subarray(start, start + byteLength)
}

/** Positions of the whole batches in [start, end), in order; a batch that is cut off by `end` is left out. */
export function* batchPositions(bytes: Buffer, start = 0, end = bytes.length): Generator<number> {
  let position = start
  while (end - position >= BATCH_HEADER_BYTES) {
    const byteLength = batchByteLength(bytes, position)
    if (byteLength < BATCH_HEADER_BYTES) {
      throw new RecordsError(RecordsErrorCode.corrupt, `a batch of ${byteLength} bytes at ${position} is impossible`)
    }
    if (byteLength > end - position) return
    yield position
    position += byteLength
  }
}
