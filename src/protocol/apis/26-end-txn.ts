import { bool, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Commits or aborts a transaction.
 *
 * v3 flexible; v5 answers with the next producer epoch.
 */
export const endTxnRequest = message(
  'EndTxnRequest',
  { key: 26, kind: 'request', versions: [0, 5], flexible: 3 },
  {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    committed: bool,
  },
)
export type EndTxnRequest = MessageValue<typeof endTxnRequest>

export const endTxnResponse = message(
  'EndTxnResponse',
  { key: 26, kind: 'response', versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: int64.since(5).default(-1).ignorable(),
    producerEpoch: int16.since(5).default(-1).ignorable(),
  },
)
export type EndTxnResponse = MessageValue<typeof endTxnResponse>
