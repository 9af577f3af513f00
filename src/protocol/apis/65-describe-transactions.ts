import { array, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes transactions by id.
 */
export const describeTransactionsRequest = message(
  'DescribeTransactionsRequest',
  { key: 65, kind: 'request', versions: [0, 0], flexible: 0 },
  {
    transactionalIds: array(string),
  },
)
export type DescribeTransactionsRequest = MessageValue<typeof describeTransactionsRequest>

export const describeTransactionsResponse = message(
  'DescribeTransactionsResponse',
  { key: 65, kind: 'response', versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    transactionStates: array({
      errorCode: int16,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId: int64,
      producerEpoch: int16,
      topics: array({
        topic: string,
        partitions: array(int32),
      }),
    }),
  },
)
export type DescribeTransactionsResponse = MessageValue<typeof describeTransactionsResponse>
