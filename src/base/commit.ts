import type { LeaderEpoch, Offset, PartitionId, TopicId } from './ids.ts'

/**
 * The committer port: how a log makes what it wrote durable without knowing how.
 *
 * A log writes a group of batches to its segment (they are then in the page
 * cache), and submits the group to its lane. The lane owns the group's pins from
 * then on and releases each exactly once. It answers through the observer,
 * possibly inside `submit`:
 *   - `committed(end)`: everything below `end` may be acknowledged and read
 *     (under `always` that is the durable end, otherwise the written end);
 *   - `durable(end)`: everything below `end` survives a power cut;
 *   - `failed(error)`: for good; nothing after the last `committed` will ever be.
 * Both ends only rise, and durable <= submitted. Groups of one lane are
 * submitted in offset order.
 */
export interface Committer {
  openLane(partition: CommitPartition, observer: CommitObserver): CommitLane
  /** Durable up to everything submitted before the call, in all lanes. Rejects if any lane failed. */
  syncAll(): Promise<void>
  /** Syncs, then stops timers and releases everything. No submits may follow. */
  close(): Promise<void>
}

export interface CommitPartition {
  readonly topic: string
  readonly topicId: TopicId
  readonly partition: PartitionId
  /** The policy of this partition now; asked at every submit, so that it can change at run time. */
  policy(): CommitPolicy
}

export const DurabilityPolicy = { always: 'always', interval: 'interval', os: 'os' } as const
export type DurabilityPolicy = (typeof DurabilityPolicy)[keyof typeof DurabilityPolicy]

/** When an acknowledgement may go out, and when dirty data is synced. */
export interface CommitPolicy {
  readonly durability: DurabilityPolicy
  /** Under `interval`: sync at most this long after a write, ms. */
  readonly flushMs: number
  /** `flush.messages`: the append that completes this many unsynced records waits for a sync. Infinity is never. */
  readonly flushMessages: number
}

/** What the committer needs of an open segment file. `sync` is fdatasync on an I/O thread, at most one in flight per file. */
export interface CommitFile {
  /** Resolves once everything written to the file before the call is on the device. A rejection is final for the file. */
  sync(): Promise<void>
  /** Starts write-back of a byte range without waiting (sync_file_range). Errors count as sync errors and reject. */
  startWriteback(position: number, byteLength: number): Promise<void>
}

export interface Pin {
  release(): void
}

/** One write: batches that are contiguous in offsets and in one file. */
export interface CommitGroup {
  readonly leaderEpoch: LeaderEpoch
  readonly baseOffset: Offset
  /** One past the last offset of the group. */
  readonly endOffset: Offset
  readonly file: CommitFile
  readonly filePosition: number
  readonly byteLength: number
  /** `rowCount` triples (slab id, byte offset, byte length): the bytes as written, pinned. Valid until the pins are released. */
  readonly rows: Int32Array
  readonly rowCount: number
  readonly pins: readonly Pin[]
}

export interface CommitObserver {
  committed(end: Offset): void
  durable(end: Offset): void
  failed(error: Error): void
}

export interface CommitLane {
  submit(group: CommitGroup): void
  /** Durable up to everything submitted so far. */
  sync(): Promise<void>
  /** Truncation or log-start move: what lies at or above `end` is forgotten by the lane. */
  truncated(end: Offset): void
  /** No submits may follow. Pending groups still complete. */
  close(): void
}
