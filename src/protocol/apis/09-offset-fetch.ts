import { array, bool, int16, int32, int64, string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Reads the stored offsets of groups.
 *
 * v2 null means all topics; v5 leader epochs; v6 flexible; v7 stable offsets only; v8 several groups in a request;
 * v9 member and epoch; v10 topic ids instead of names.
 */
export const offsetFetchRequest = message(
  'OffsetFetchRequest',
  { key: 9, kind: 'request', versions: [1, 10], flexible: 6 },
  {
    groupId: string.until(7),
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    })
      .until(7)
      .nullable(2),
    groups: array({
      groupId: string,
      memberId: string.since(9).nullable().default(null).ignorable(),
      memberEpoch: int32.since(9).default(-1).ignorable(),
      topics: array({
        name: string.until(9).ignorable(),
        topicId: uuid.since(10).ignorable(),
        partitionIndexes: array(int32),
      }).nullable(),
    }).since(8),
    requireStable: bool.since(7),
  },
)
export type OffsetFetchRequest = MessageValue<typeof offsetFetchRequest>

export const offsetFetchResponse = message(
  'OffsetFetchResponse',
  { key: 9, kind: 'response', versions: [1, 10], flexible: 6 },
  {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(5).default(-1).ignorable(),
        metadata: string.nullable(),
        errorCode: int16,
      }),
    }).until(7),
    errorCode: int16.since(2).until(7).ignorable(),
    groups: array({
      groupId: string,
      topics: array({
        name: string.until(9).ignorable(),
        topicId: uuid.since(10).ignorable(),
        partitions: array({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: int32.default(-1).ignorable(),
          metadata: string.nullable(),
          errorCode: int16,
        }),
      }),
      errorCode: int16,
    }).since(8),
  },
)
export type OffsetFetchResponse = MessageValue<typeof offsetFetchResponse>
