import { array, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Finds where a leader epoch ended.
 *
 * v3 replica id; v4 flexible.
 */
export const offsetForLeaderEpochRequest = message(
  'OffsetForLeaderEpochRequest',
  { key: 23, kind: 'request', versions: [2, 4], flexible: 4 },
  {
    replicaId: int32.since(3).default(-2).ignorable(),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.default(-1).ignorable(),
        leaderEpoch: int32,
      }),
    }),
  },
)
export type OffsetForLeaderEpochRequest = MessageValue<typeof offsetForLeaderEpochRequest>

export const offsetForLeaderEpochResponse = message(
  'OffsetForLeaderEpochResponse',
  { key: 23, kind: 'response', versions: [2, 4], flexible: 4 },
  {
    throttleTimeMs: int32.ignorable(),
    topics: array({
      topic: string,
      partitions: array({
        errorCode: int16,
        partition: int32,
        leaderEpoch: int32.default(-1).ignorable(),
        endOffset: int64.default(-1),
      }),
    }),
  },
)
export type OffsetForLeaderEpochResponse = MessageValue<typeof offsetForLeaderEpochResponse>
