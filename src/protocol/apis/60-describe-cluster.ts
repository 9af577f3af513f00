import { array, bool, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes the brokers of the cluster.
 *
 * v1 endpoint type (1 brokers, 2 controllers); v2 fenced brokers.
 */
export const describeClusterRequest = message(
  'DescribeClusterRequest',
  { key: 60, kind: 'request', versions: [0, 2], flexible: 0 },
  {
    includeClusterAuthorizedOperations: bool,
    endpointType: int8.since(1).default(1),
    includeFencedBrokers: bool.since(2),
  },
)
export type DescribeClusterRequest = MessageValue<typeof describeClusterRequest>

export const describeClusterResponse = message(
  'DescribeClusterResponse',
  { key: 60, kind: 'response', versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    endpointType: int8.since(1).default(1),
    clusterId: string,
    controllerId: int32.default(-1),
    brokers: array({
      brokerId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
      isFenced: bool.since(2),
    }),
    clusterAuthorizedOperations: int32.default(-2147483648),
  },
)
export type DescribeClusterResponse = MessageValue<typeof describeClusterResponse>
