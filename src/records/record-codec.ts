import { type DecodedBatch, decodeHeader, decodeRecords } from './batch-decoder.ts'
import { BATCH_HEADER_BYTES, Codec } from './batch-header.ts'
import { RecordsError, RecordsErrorCode } from './records-error.ts'

/** Decodes one batch; see batch-decoder.ts for what is checked. */
export function decodeBatch(bytes: Buffer, position = 0): DecodedBatch {
  const header = decodeHeader(bytes, position)
  const section = bytes.subarray(position + BATCH_HEADER_BYTES, position + header.byteLength)
  if (header.codec !== Codec.none) {
    throw new RecordsError(RecordsErrorCode.codecUnknown, `compression type ${header.codec} cannot be decompressed`)
  }
  return { header, records: decodeRecords(section, header) }
}
