import { array, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Lists reassignments under way.
 */
export const listPartitionReassignmentsRequest = message(
  'ListPartitionReassignmentsRequest',
  { key: 46, kind: 'request', versions: [0, 0], flexible: 0 },
  {
    timeoutMs: int32.default(60000),
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    })
      .nullable()
      .default(null),
  },
)
export type ListPartitionReassignmentsRequest = MessageValue<typeof listPartitionReassignmentsRequest>

export const listPartitionReassignmentsResponse = message(
  'ListPartitionReassignmentsResponse',
  { key: 46, kind: 'response', versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: string.nullable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        replicas: array(int32),
        addingReplicas: array(int32),
        removingReplicas: array(int32),
      }),
    }),
  },
)
export type ListPartitionReassignmentsResponse = MessageValue<typeof listPartitionReassignmentsResponse>
