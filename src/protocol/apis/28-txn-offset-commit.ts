import { array, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Stores offsets of a group within a transaction.
 *
 * v2 leader epochs; v3 flexible, member and generation.
 */
export const txnOffsetCommitRequest = message(
  'TxnOffsetCommitRequest',
  { key: 28, kind: 'request', versions: [0, 5], flexible: 3 },
  {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: int32.since(3).default(-1),
    memberId: string.since(3),
    groupInstanceId: string.since(3).nullable().default(null),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(2).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
)
export type TxnOffsetCommitRequest = MessageValue<typeof txnOffsetCommitRequest>

export const txnOffsetCommitResponse = message(
  'TxnOffsetCommitResponse',
  { key: 28, kind: 'response', versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
)
export type TxnOffsetCommitResponse = MessageValue<typeof txnOffsetCommitResponse>
