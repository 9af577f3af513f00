import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from '../base/ids.ts'
import type { DiskFile } from '../native/disk.ts'
import type { Slab } from '../native/slab.ts'

/**
 * One partition's log, as the broker sees it.
 *
 * Five offsets, never mixed:
 *   - log end (LEO): next offset to assign; moves in `append`;
 *   - written end: below it bytes are in the page cache; moves in `flush` or its completion;
 *   - durable end (DEO): below it bytes survive a power cut; reported by the committer;
 *   - high watermark (HW): below it records are acknowledged and readable; the committer's `committed` end;
 *   - last stable offset (LSO): HW, or the first offset of the earliest open transaction if lower.
 *
 * Appends are asynchronous from the caller's view: `append` assigns offsets and
 * queues the batch, `flush` (once per event-loop turn) writes all queued batches
 * of the log with one pwritev, and `observer.highWatermarkMoved` says when they
 * may be acknowledged: in the same turn under `os`, later otherwise. One write is
 * in flight per log. A failed write fails all that is queued behind it, gives
 * the offsets back, restores producer state and reports `appendFailed`.
 */
export interface PartitionLog {
  readonly directory: string
  readonly logStartOffset: Offset
  readonly logEndOffset: Offset
  readonly writtenEnd: Offset
  readonly durableEnd: Offset
  readonly highWatermark: Offset
  readonly lastStableOffset: Offset
  /** Largest epoch in the leader-epoch checkpoint, -1 when the log never had a leader. */
  readonly latestEpoch: LeaderEpoch
  /** Bytes of all segments. */
  readonly sizeBytes: number
  /** Set once the log failed for good; every later append and read answers KAFKA_STORAGE_ERROR. */
  readonly failure: Error | undefined

  /**
   * Checks the idempotent sequence of a batch against the producer's state (KIP-98: five batches are remembered).
   * Returns APPEND_ACCEPTED, a wire error code > 0 (45, 47), or DUPLICATE (then `duplicateBaseOffset`,
   * `duplicateEndOffset` and `duplicateTimestamp` hold the original's).
   */
  checkProducer(batch: AppendBatch): number
  readonly duplicateBaseOffset: Offset
  readonly duplicateEndOffset: Offset
  readonly duplicateTimestamp: TimestampMs

  /**
   * Queues one validated batch: writes base offset and leader epoch into its header in place, pins its slab, updates
   * producer state. Returns the base offset, or -1 when the log has failed or is closing.
   * `batch` is read during the call only (callers reuse one object).
   */
  append(batch: AppendBatch): Offset
  /** Ends the group of the turn. Cheap when nothing is queued. */
  flush(): void

  /**
   * Where the batches from `fetchOffset` up to `end` lie. Whole batches only; the first contains `fetchOffset`.
   * At least one batch is returned when `atLeastOne`, however large, else none that exceeds `maxBytes`.
   * Never crosses a segment. Fills and returns `target`, whose `file` (when byteLength > 0) is open for the duration of
   * the turn: queue the region before the turn ends, or `retain()` it.
   * Status READ_PENDING means that a file has to be opened or cold pages to be read first: `target.ready` resolves when
   * the same read is worth repeating.
   */
  read(request: ReadRequest, target: ReadResult): ReadStatus

  /** ListOffsets by time: first record with timestamp >= target below `end`; undefined when none. */
  offsetForTimestamp(timestampMs: TimestampMs, end: Offset): Promise<TimestampedOffset | undefined>
  /** ListOffsets -3: the record of the largest timestamp below `end`, the earliest such offset. */
  offsetOfMaxTimestamp(end: Offset): Promise<TimestampedOffset | undefined>
  /** KIP-320: largest epoch <= `epoch` and where it ends; (-1, -1) when unknown. */
  endOffsetForEpoch(epoch: LeaderEpoch): { epoch: LeaderEpoch; endOffset: Offset }
  /** The epoch that covers an offset, -1 when none. */
  epochForOffset(offset: Offset): LeaderEpoch
  /** Appends from now on carry this epoch; recorded in the checkpoint with the first append. */
  becomeLeader(epoch: LeaderEpoch): Promise<void>
  /** Aborted transactions that overlap [from, to), for read_committed. Inline: entries are kept in memory, they are few. */
  abortedTransactions(from: Offset, to: Offset): { producerId: ProducerId; firstOffset: Offset }[]

  /** DeleteRecords: moves the log start up to `offset` (<= HW), durably, then removes whole segments below it. */
  deleteRecordsBefore(offset: Offset): Promise<Offset>
  /** Applies retention.ms, retention.bytes, segment.ms roll and producer expiry now. Returns bytes freed. */
  applyRetention(nowMs: TimestampMs): Promise<number>
  /** New values take effect at the next append or retention pass. */
  setConfig(config: LogConfig): void
  /** Batches of this log below `end` as raw bytes, for replay: whole batches, in order, up to `maxBytes` per call. */
  readBytes(from: Offset, end: Offset, maxBytes: number): Promise<Buffer>
  /** Active producers, for DescribeProducers and tests. */
  producers(): ProducerSummary[]
  /** Durable up to everything written. */
  sync(): Promise<void>
  /** Flushes, syncs, writes index, snapshot and checkpoints; afterwards the directory is as Kafka leaves it. */
  close(): Promise<void>
  /** Renames the directory to `<t>-<p>.<32 hex>-delete` and removes it after `delayMs`. */
  delete(delayMs: number): Promise<void>
}

/** What the log reads of a batch that has been validated. `slab` bytes are modified in place. */
export interface AppendBatch {
  slab: Slab
  /** Start of the 61-byte header within the slab. */
  position: number
  byteLength: number
  lastOffsetDelta: number
  maxTimestamp: TimestampMs
  /** -1 for none. */
  producerId: ProducerId
  producerEpoch: number
  baseSequence: number
  isTransactional: boolean
  isControl: boolean
}

export const APPEND_ACCEPTED = 0
export const DUPLICATE = -1

export interface LogObserver {
  /** Readable end moved up; acknowledge everything at or below. May be called inside `flush`. */
  highWatermarkMoved(log: PartitionLog): void
  /** Batches from `from` on were given back; pending acknowledgements at or above fail with KAFKA_STORAGE_ERROR. `fatal` when the log failed for good. */
  appendFailed(log: PartitionLog, from: Offset, error: Error, fatal: boolean): void
  logStartMoved(log: PartitionLog): void
}

export interface ReadRequest {
  fetchOffset: Offset
  /** Exclusive: HW or LSO, or LEO for internal readers. */
  end: Offset
  maxBytes: number
  atLeastOne: boolean
}

export interface ReadResult {
  file: DiskFile | undefined
  position: number
  byteLength: number
  /** Offset after the last batch returned; `fetchOffset` when nothing is. */
  nextOffset: Offset
  /** With READ_PENDING. */
  ready: Promise<void> | undefined
}

export const ReadStatus = { ok: 0, pending: 1, outOfRange: 2, storageError: 3, corrupt: 4 } as const
export type ReadStatus = (typeof ReadStatus)[keyof typeof ReadStatus]

export interface TimestampedOffset {
  offset: Offset
  timestamp: TimestampMs
  leaderEpoch: LeaderEpoch
}

export interface ProducerSummary {
  producerId: ProducerId
  producerEpoch: number
  lastSequence: number
  lastTimestamp: TimestampMs
  coordinatorEpoch: number
  currentTransactionStartOffset: Offset
}

/** Kafka's topic configs that the log itself obeys; names as Kafka's, units in the name. */
export interface LogConfig {
  segmentBytes: number
  segmentMs: number
  segmentJitterMs: number
  segmentIndexBytes: number
  indexIntervalBytes: number
  /** -1 is unlimited, as Kafka. */
  retentionMs: number
  retentionBytes: number
  cleanupDelete: boolean
  cleanupCompact: boolean
  fileDeleteDelayMs: number
  producerIdExpirationMs: number
  preallocate: boolean
}
