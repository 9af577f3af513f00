import { array, int16, int32, int64, string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Stores the offsets of a group.
 *
 * v3 throttle time; v5 drops the retention time; v6 leader epochs; v7 static members; v8 flexible;
 * v9 also for the consumer protocol; v10 topic ids instead of names.
 */
export const offsetCommitRequest = message(
  'OffsetCommitRequest',
  { key: 8, kind: 'request', versions: [2, 10], flexible: 8 },
  {
    groupId: string,
    generationIdOrMemberEpoch: int32.default(-1).ignorable(),
    memberId: string.ignorable(),
    groupInstanceId: string.since(7).nullable().default(null),
    retentionTimeMs: int64.until(4).default(-1).ignorable(),
    topics: array({
      name: string.until(9).ignorable(),
      topicId: uuid.since(10).ignorable(),
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(6).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
)
export type OffsetCommitRequest = MessageValue<typeof offsetCommitRequest>

export const offsetCommitResponse = message(
  'OffsetCommitResponse',
  { key: 8, kind: 'response', versions: [2, 10], flexible: 8 },
  {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: array({
      name: string.until(9).ignorable(),
      topicId: uuid.since(10).ignorable(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
)
export type OffsetCommitResponse = MessageValue<typeof offsetCommitResponse>
