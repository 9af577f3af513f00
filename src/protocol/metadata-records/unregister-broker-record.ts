import { int32, int64 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 1 of `__cluster_metadata`. */
export const unregisterBrokerRecord = message(
  'UnregisterBrokerRecord',
  { key: 1, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    brokerId: int32,
    brokerEpoch: int64,
  },
)
export type UnregisterBrokerRecord = MessageValue<typeof unregisterBrokerRecord>
