import { array, bool, int8, int16, int32, string, struct, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes groups of the consumer protocol.
 *
 * v1 member types.
 */
export const consumerGroupDescribeRequest = message(
  'ConsumerGroupDescribeRequest',
  { key: 69, kind: 'request', versions: [0, 1], flexible: 0 },
  {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
)
export type ConsumerGroupDescribeRequest = MessageValue<typeof consumerGroupDescribeRequest>

export const consumerGroupDescribeResponse = message(
  'ConsumerGroupDescribeResponse',
  { key: 69, kind: 'response', versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    groups: array({
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: array({
        memberId: string,
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        subscribedTopicRegex: string.nullable().default(null),
        assignment: struct({
          topicPartitions: array({
            topicId: uuid,
            topicName: string,
            partitions: array(int32),
          }),
        }),
        targetAssignment: struct({
          topicPartitions: array({
            topicId: uuid,
            topicName: string,
            partitions: array(int32),
          }),
        }),
        memberType: int8.since(1).default(-1).ignorable(),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
)
export type ConsumerGroupDescribeResponse = MessageValue<typeof consumerGroupDescribeResponse>
