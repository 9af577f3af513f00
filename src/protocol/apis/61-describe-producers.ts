import { array, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes the active producers of partitions.
 */
export const describeProducersRequest = message(
  'DescribeProducersRequest',
  { key: 61, kind: 'request', versions: [0, 0], flexible: 0 },
  {
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    }),
  },
)
export type DescribeProducersRequest = MessageValue<typeof describeProducersRequest>

export const describeProducersResponse = message(
  'DescribeProducersResponse',
  { key: 61, kind: 'response', versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        activeProducers: array({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: int32.default(-1),
          lastTimestamp: int64.default(-1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: int64.default(-1),
        }),
      }),
    }),
  },
)
export type DescribeProducersResponse = MessageValue<typeof describeProducersResponse>
