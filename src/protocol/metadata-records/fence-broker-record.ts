import { int32, int64 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 7 of `__cluster_metadata`. */
export const fenceBrokerRecord = message(
  'FenceBrokerRecord',
  { key: 7, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    id: int32,
    epoch: int64,
  },
)
export type FenceBrokerRecord = MessageValue<typeof fenceBrokerRecord>
