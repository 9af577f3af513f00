import { string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 25 of `__cluster_metadata`. */
export const abortTransactionRecord = message(
  'AbortTransactionRecord',
  { key: 25, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    reason: string.tagged(0, 0).nullable().default(null),
  },
)
export type AbortTransactionRecord = MessageValue<typeof abortTransactionRecord>
