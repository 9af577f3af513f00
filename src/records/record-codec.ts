import { type DecodedBatch, type DecodedRecord, decodeHeader, decodeRecords } from './batch-decoder.ts'
import { type BatchFields, encodeRecords, frameBatch, type NewRecord } from './batch-encoder.ts'
import { BATCH_HEADER_BYTES, Codec } from './batch-header.ts'
import { compress, decompress } from './compression.ts'
import { RecordsError, RecordsErrorCode } from './records-error.ts'

/**
 * Batches to objects and back, with every compression. The functions without
 * "Compressed" are synchronous and know uncompressed batches only, which is all
 * that the broker's own logs hold.
 */

/** Unless a caller says otherwise, one batch may decompress to this much. */
export const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024

/** Decodes one uncompressed batch; batch-decoder.ts says what is checked. */
export function decodeBatch(bytes: Buffer, position = 0): DecodedBatch {
  const header = decodeHeader(bytes, position)
  if (header.codec !== Codec.none) {
    throw new RecordsError(RecordsErrorCode.codecUnknown, 'the batch is compressed: decodeCompressedBatch reads it')
  }
  const section = bytes.subarray(position + BATCH_HEADER_BYTES, position + header.byteLength)
  return { header, records: decodeRecords(section, header) }
}

/** Decodes one batch, compressed or not. `bytes` must not change until it settles. */
export async function decodeCompressedBatch(
  bytes: Buffer,
  position = 0,
  maxOutputBytes = DECOMPRESSED_BYTES_MAX,
): Promise<DecodedBatch> {
  const header = decodeHeader(bytes, position)
  const section = bytes.subarray(position + BATCH_HEADER_BYTES, position + header.byteLength)
  return { header, records: decodeRecords(await decompress(header.codec, section, maxOutputBytes), header) }
}

/** Encodes one batch whose records are compressed as `codec` says. */
export async function encodeCompressedBatch(
  records: readonly NewRecord[],
  codec: Codec,
  fields: BatchFields = {},
  level?: number,
): Promise<Buffer> {
  const section = encodeRecords(records)
  return frameBatch({ ...section, bytes: await compress(codec, section.bytes, level) }, codec, fields)
}

/** The first record of a batch with a timestamp at or after `timestampMs`, for lookups by time. */
export function firstRecordAtOrAfter(batch: DecodedBatch, timestampMs: number): DecodedRecord | undefined {
  return batch.records.find((record) => record.timestamp >= timestampMs)
}
