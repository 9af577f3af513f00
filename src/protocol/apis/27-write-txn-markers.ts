import { array, bool, int8, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Writes the end of transactions into partitions; between brokers.
 *
 * v1 flexible; v2 the transaction version.
 */
export const writeTxnMarkersRequest = message(
  'WriteTxnMarkersRequest',
  { key: 27, kind: 'request', versions: [1, 2], flexible: 1 },
  {
    markers: array({
      producerId: int64,
      producerEpoch: int16,
      transactionResult: bool,
      topics: array({
        name: string,
        partitionIndexes: array(int32),
      }),
      coordinatorEpoch: int32,
      transactionVersion: int8.since(2).ignorable(),
    }),
  },
)
export type WriteTxnMarkersRequest = MessageValue<typeof writeTxnMarkersRequest>

export const writeTxnMarkersResponse = message(
  'WriteTxnMarkersResponse',
  { key: 27, kind: 'response', versions: [1, 2], flexible: 1 },
  {
    markers: array({
      producerId: int64,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          errorCode: int16,
        }),
      }),
    }),
  },
)
export type WriteTxnMarkersResponse = MessageValue<typeof writeTxnMarkersResponse>
