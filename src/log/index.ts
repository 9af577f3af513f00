export { type DirectoryIdentity, randomId } from './data-directory.ts'
export { LogError, LogErrorCode } from './log-error.ts'
export { type FoundPartition, type LoadLogOptions, LogManager, type LogManagerOptions } from './log-manager.ts'
export {
  APPEND_ACCEPTED,
  type AppendBatch,
  DUPLICATE,
  type LogConfig,
  type LogObserver,
  type PartitionLog,
  type ProducerSummary,
  type ReadRequest,
  type ReadResult,
  ReadStatus,
  type TimestampedOffset,
} from './partition-log.ts'
export type { RecoveryReport } from './recovery.ts'
