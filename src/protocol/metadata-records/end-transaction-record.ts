import { type MessageValue, message } from '../message.ts'

/** KRaft record 24 of `__cluster_metadata`. */
export const endTransactionRecord = message(
  'EndTransactionRecord',
  { key: 24, kind: 'data', versions: [0, 0], flexible: 0 },
  {},
)
export type EndTransactionRecord = MessageValue<typeof endTransactionRecord>
