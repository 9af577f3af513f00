import { bool, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Gives a producer its id and epoch.
 *
 * v2 flexible; v3 the id and epoch held so far; v6 two-phase commit.
 */
export const initProducerIdRequest = message(
  'InitProducerIdRequest',
  { key: 22, kind: 'request', versions: [0, 6], flexible: 2 },
  {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.since(3).default(-1),
    producerEpoch: int16.since(3).default(-1),
    enable2Pc: bool.since(6),
    keepPreparedTxn: bool.since(6),
  },
)
export type InitProducerIdRequest = MessageValue<typeof initProducerIdRequest>

export const initProducerIdResponse = message(
  'InitProducerIdResponse',
  { key: 22, kind: 'response', versions: [0, 6], flexible: 2 },
  {
    throttleTimeMs: int32.ignorable(),
    errorCode: int16,
    producerId: int64.default(-1),
    producerEpoch: int16,
    ongoingTxnProducerId: int64.since(6).default(-1),
    ongoingTxnProducerEpoch: int16.since(6).default(-1),
  },
)
export type InitProducerIdResponse = MessageValue<typeof initProducerIdResponse>
