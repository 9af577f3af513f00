import { array, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Elects leaders of partitions.
 *
 * v1 election types; v2 flexible.
 */
export const electLeadersRequest = message(
  'ElectLeadersRequest',
  { key: 43, kind: 'request', versions: [0, 2], flexible: 2 },
  {
    electionType: int8.since(1),
    topicPartitions: array({
      topic: string,
      partitions: array(int32),
    }).nullable(),
    timeoutMs: int32.default(60000),
  },
)
export type ElectLeadersRequest = MessageValue<typeof electLeadersRequest>

export const electLeadersResponse = message(
  'ElectLeadersResponse',
  { key: 43, kind: 'response', versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    errorCode: int16.since(1),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({
        partitionId: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
)
export type ElectLeadersResponse = MessageValue<typeof electLeadersResponse>
