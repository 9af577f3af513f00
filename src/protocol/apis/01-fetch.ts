import {
  array,
  int8,
  int16,
  int32,
  int64,
  int64Clamped,
  int64Exact,
  recordsSource,
  string,
  struct,
  uuid,
} from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Reads record batches, waiting for them if asked to.
 *
 * v5 log start offsets; v7 sessions; v9 leader epochs; v11 rack and preferred replica; v12 flexible, divergence;
 * v13 topic ids instead of names; v15 replica state as a tag; v16 leader hints; v17 and v18 follower tags only.
 * `records` of the response encodes as a gap that becomes a file region. The high watermark of v18 is exact because
 * the largest int64 stands for "not supported".
 */
export const fetchRequest = message(
  'FetchRequest',
  { key: 1, kind: 'request', versions: [4, 18], flexible: 12 },
  {
    clusterId: string.nullable().default(null).tagged(0, 12).ignorable(),
    replicaId: int32.until(14).default(-1),
    replicaState: struct({
      replicaId: int32.default(-1),
      replicaEpoch: int64.default(-1),
    }).tagged(1, 15),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff).ignorable(),
    isolationLevel: int8.ignorable(),
    sessionId: int32.since(7).ignorable(),
    sessionEpoch: int32.since(7).default(-1).ignorable(),
    topics: array({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1).ignorable(),
        fetchOffset: int64Clamped,
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.tagged(0, 17).ignorable(),
        highWatermark: int64Exact.default(9223372036854775807n).tagged(1, 18).ignorable(),
      }),
    }),
    forgottenTopicsData: array({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array(int32),
    }).since(7),
    rackId: string.since(11).ignorable(),
  },
)
export type FetchRequest = MessageValue<typeof fetchRequest>

export const fetchResponse = message(
  'FetchResponse',
  { key: 1, kind: 'response', versions: [4, 18], flexible: 12 },
  {
    throttleTimeMs: int32.ignorable(),
    errorCode: int16.since(7).ignorable(),
    sessionId: int32.since(7),
    responses: array({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: int64.default(-1).ignorable(),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        divergingEpoch: struct({
          epoch: int32.default(-1),
          endOffset: int64.default(-1),
        }).tagged(0, 12),
        currentLeader: struct({
          leaderId: int32.default(-1),
          leaderEpoch: int32.default(-1),
        }).tagged(1, 12),
        snapshotId: struct({
          endOffset: int64.default(-1),
          epoch: int32.default(-1),
        }).tagged(2, 12),
        abortedTransactions: array({
          producerId: int64,
          firstOffset: int64,
        })
          .nullable()
          .ignorable(),
        preferredReadReplica: int32.since(11).default(-1),
        records: recordsSource,
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }).tagged(0, 16),
  },
)
export type FetchResponse = MessageValue<typeof fetchResponse>
