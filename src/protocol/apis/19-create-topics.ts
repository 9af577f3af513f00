import { array, bool, int8, int16, int32, string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Creates topics.
 *
 * v4 counts may be left to the broker (-1); v5 flexible, answers with configuration; v6 may throttle; v7 topic ids.
 */
export const createTopicsRequest = message(
  'CreateTopicsRequest',
  { key: 19, kind: 'request', versions: [2, 7], flexible: 5 },
  {
    topics: array({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({
        partitionIndex: int32,
        brokerIds: array(int32),
      }),
      configs: array({
        name: string,
        value: string.nullable(),
      }),
    }),
    timeoutMs: int32.default(60000),
    validateOnly: bool,
  },
)
export type CreateTopicsRequest = MessageValue<typeof createTopicsRequest>

export const createTopicsResponse = message(
  'CreateTopicsResponse',
  { key: 19, kind: 'response', versions: [2, 7], flexible: 5 },
  {
    throttleTimeMs: int32.ignorable(),
    topics: array({
      name: string,
      topicId: uuid.since(7).ignorable(),
      errorCode: int16,
      errorMessage: string.nullable().ignorable(),
      topicConfigErrorCode: int16.tagged(0, 5).ignorable(),
      numPartitions: int32.since(5).default(-1).ignorable(),
      replicationFactor: int16.since(5).default(-1).ignorable(),
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1).ignorable(),
        isSensitive: bool,
      })
        .since(5)
        .nullable()
        .ignorable(),
    }),
  },
)
export type CreateTopicsResponse = MessageValue<typeof createTopicsResponse>
