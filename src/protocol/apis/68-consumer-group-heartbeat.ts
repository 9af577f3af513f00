import { array, int16, int32, string, struct, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Joins, keeps and leaves a group of the consumer protocol.
 *
 * v1 subscription by regular expression, member ids made by clients.
 */
export const consumerGroupHeartbeatRequest = message(
  'ConsumerGroupHeartbeatRequest',
  { key: 68, kind: 'request', versions: [0, 1], flexible: 0 },
  {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    rebalanceTimeoutMs: int32.default(-1),
    subscribedTopicNames: array(string).nullable().default(null),
    subscribedTopicRegex: string.since(1).nullable().default(null),
    serverAssignor: string.nullable().default(null),
    topicPartitions: array({
      topicId: uuid,
      partitions: array(int32),
    })
      .nullable()
      .default(null),
  },
)
export type ConsumerGroupHeartbeatRequest = MessageValue<typeof consumerGroupHeartbeatRequest>

export const consumerGroupHeartbeatResponse = message(
  'ConsumerGroupHeartbeatResponse',
  { key: 68, kind: 'response', versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: struct({
      topicPartitions: array({
        topicId: uuid,
        partitions: array(int32),
      }),
    })
      .nullable()
      .default(null),
  },
)
export type ConsumerGroupHeartbeatResponse = MessageValue<typeof consumerGroupHeartbeatResponse>
