/** What can be wrong with bytes that are read as records. */
export const RecordsErrorCode = {
  /** The bytes contradict themselves: lengths, counts, checksum. */
  corrupt: 'RECORDS_CORRUPT',
  /** The bytes end before the batch does. */
  truncated: 'RECORDS_TRUNCATED',
  /** A compressed block does not decompress. */
  compressedDataCorrupt: 'COMPRESSED_DATA_CORRUPT',
  /** Decompressing gives more bytes than the caller allows. */
  outputTooLarge: 'COMPRESSED_OUTPUT_TOO_LARGE',
  /** A codec number that no Kafka knows. */
  codecUnknown: 'CODEC_UNKNOWN',
} as const
export type RecordsErrorCode = (typeof RecordsErrorCode)[keyof typeof RecordsErrorCode]

/** Thrown by decoders. The produce path does not throw: it answers a BatchErrorCode. */
export class RecordsError extends Error {
  override readonly name = 'RecordsError'
  readonly code: RecordsErrorCode
  constructor(code: RecordsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
