/** The wire error codes that a batch can earn; the whole table is the protocol's, which this room does not know. */
export const BatchErrorCode = {
  none: 0,
  corruptMessage: 2,
  messageTooLarge: 10,
  recordListTooLarge: 18,
  invalidTimestamp: 32,
  unsupportedCompressionType: 76,
  invalidRecord: 87,
} as const
export type BatchErrorCode = (typeof BatchErrorCode)[keyof typeof BatchErrorCode]
