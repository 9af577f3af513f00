import { array, bool, int16, int32, string, struct, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes topics page by page.
 */
export const describeTopicPartitionsRequest = message(
  'DescribeTopicPartitionsRequest',
  { key: 75, kind: 'request', versions: [0, 0], flexible: 0 },
  {
    topics: array({
      name: string,
    }),
    responsePartitionLimit: int32.default(2000),
    cursor: struct({
      topicName: string,
      partitionIndex: int32,
    })
      .nullable()
      .default(null),
  },
)
export type DescribeTopicPartitionsRequest = MessageValue<typeof describeTopicPartitionsRequest>

export const describeTopicPartitionsResponse = message(
  'DescribeTopicPartitionsResponse',
  { key: 75, kind: 'response', versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32.ignorable(),
    topics: array({
      errorCode: int16,
      name: string.nullable(),
      topicId: uuid.ignorable(),
      isInternal: bool.ignorable(),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1).ignorable(),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        eligibleLeaderReplicas: array(int32).nullable().default(null),
        lastKnownElr: array(int32).nullable().default(null),
        offlineReplicas: array(int32).ignorable(),
      }),
      topicAuthorizedOperations: int32.default(-2147483648),
    }),
    nextCursor: struct({
      topicName: string,
      partitionIndex: int32,
    })
      .nullable()
      .default(null),
  },
)
export type DescribeTopicPartitionsResponse = MessageValue<typeof describeTopicPartitionsResponse>
