import { array, bool, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Adds partitions to a transaction.
 *
 * v3 flexible; v4 several transactions, verification only. Clients send v3, some also v5.
 */
export const addPartitionsToTxnRequest = message(
  'AddPartitionsToTxnRequest',
  { key: 24, kind: 'request', versions: [0, 5], flexible: 3 },
  {
    transactions: array({
      transactionalId: string,
      producerId: int64,
      producerEpoch: int16,
      verifyOnly: bool,
      topics: array({
        name: string,
        partitions: array(int32),
      }),
    }).since(4),
    v3AndBelowTransactionalId: string.until(3),
    v3AndBelowProducerId: int64.until(3),
    v3AndBelowProducerEpoch: int16.until(3),
    v3AndBelowTopics: array({
      name: string,
      partitions: array(int32),
    }).until(3),
  },
)
export type AddPartitionsToTxnRequest = MessageValue<typeof addPartitionsToTxnRequest>

export const addPartitionsToTxnResponse = message(
  'AddPartitionsToTxnResponse',
  { key: 24, kind: 'response', versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32,
    errorCode: int16.since(4).ignorable(),
    resultsByTransaction: array({
      transactionalId: string,
      topicResults: array({
        name: string,
        resultsByPartition: array({
          partitionIndex: int32,
          partitionErrorCode: int16,
        }),
      }),
    }).since(4),
    resultsByTopicV3AndBelow: array({
      name: string,
      resultsByPartition: array({
        partitionIndex: int32,
        partitionErrorCode: int16,
      }),
    }).until(3),
  },
)
export type AddPartitionsToTxnResponse = MessageValue<typeof addPartitionsToTxnResponse>
