export * from './batch-checksum.ts'
export * from './batch-decoder.ts'
export * from './batch-encoder.ts'
export * from './batch-error-code.ts'
export * as batchHeader from './batch-header.ts'
export {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_OVERHEAD_BYTES,
  Codec,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  TimestampType,
} from './batch-header.ts'
export * from './batch-validator.ts'
export { compress, decompress } from './compression.ts'
export * from './control-record.ts'
export * from './crc32c.ts'
export * from './record-codec.ts'
export * from './record-validator.ts'
export { createRecordWalk, RecordFault, type RecordWalk } from './record-walk.ts'
export * from './records-error.ts'
