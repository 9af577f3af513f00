import { string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 23 of `__cluster_metadata`. */
export const beginTransactionRecord = message(
  'BeginTransactionRecord',
  { key: 23, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    name: string.tagged(0, 0).nullable().default(null),
  },
)
export type BeginTransactionRecord = MessageValue<typeof beginTransactionRecord>
