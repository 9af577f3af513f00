import { int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Adds the offsets of a group to a transaction.
 *
 * v3 flexible.
 */
export const addOffsetsToTxnRequest = message(
  'AddOffsetsToTxnRequest',
  { key: 25, kind: 'request', versions: [0, 4], flexible: 3 },
  {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    groupId: string,
  },
)
export type AddOffsetsToTxnRequest = MessageValue<typeof addOffsetsToTxnRequest>

export const addOffsetsToTxnResponse = message(
  'AddOffsetsToTxnResponse',
  { key: 25, kind: 'response', versions: [0, 4], flexible: 3 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
  },
)
export type AddOffsetsToTxnResponse = MessageValue<typeof addOffsetsToTxnResponse>
