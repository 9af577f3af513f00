import type { Clock } from '../base/clock.ts'
import type { CommitPartition, Committer } from '../base/commit.ts'
import type { Offset } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../native/disk.ts'
import type { BatchChecksum } from '../records/index.ts'
import type { FileCache } from './file-cache.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LogReader } from './log-reader.ts'
import type { LogConfig, LogObserver } from './partition-log.ts'
import type { ProducerStates } from './producer-states.ts'
import type { Segment } from './segment.ts'
import type { TransactionIndex } from './transaction-index.ts'

/** What all logs of a data directory share. The log manager is the only implementation outside tests. */
export interface LogRoom {
  readonly disk: Disk
  readonly files: FileCache
  readonly reader: LogReader
  readonly committer: Committer
  readonly checksum: BatchChecksum
  readonly clock: Clock
  readonly logger: Logger
  /** The kernel throttles writers now: hand groups to a thread instead of blocking the loop. */
  readonly writesAreSlow: boolean
  /** An inline or threaded write took so long. */
  wrote(tookMs: number): void
  /** The log has batches to flush at the end of the turn. */
  markUnflushed(log: Flushable): void
  /** A log start must be durable before segments below it are unlinked. */
  storeLogStarts(): Promise<void>
  /** Renames the segment's files to `.deleted` and unlinks them after the delay. */
  removeSegment(segment: Segment, delayMs: number): Promise<void>
  /** Renames a partition directory to `…-delete` and removes it after the delay. */
  removeDirectory(directory: string, delayMs: number): Promise<void>
  /** Indexes of a finished segment are in memory now; the room bounds how many. */
  indexLoaded(segment: Segment): void
  /** A log failed for good. */
  failed(error: Error): void
}

export interface Flushable {
  flush(): void
}

/** What opening found of one log; everything a log is made from. */
export interface LogParts {
  readonly directory: string
  readonly partition: CommitPartition
  /** At least one; the last is active, its indexes are loaded. */
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  readonly producers: ProducerStates
  readonly transactions: TransactionIndex
  /** Producer snapshots on disk, oldest first. */
  readonly snapshots: readonly Offset[]
  readonly config: LogConfig
  readonly segmentJitterMs: number
  readonly logStartOffset: Offset
  readonly durableEnd: Offset
  readonly observer: LogObserver
}
