import { array, int16, int32, int64, string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** OffsetCommit (key 8), request and response in every version that Kafka 4.3 knows. */
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
