import { int32, int64 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 8 of `__cluster_metadata`. */
export const unfenceBrokerRecord = message(
  'UnfenceBrokerRecord',
  { key: 8, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    id: int32,
    epoch: int64,
  },
)
export type UnfenceBrokerRecord = MessageValue<typeof unfenceBrokerRecord>
