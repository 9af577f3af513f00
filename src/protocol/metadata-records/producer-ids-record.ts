import { int32, int64 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 15 of `__cluster_metadata`. */
export const producerIdsRecord = message(
  'ProducerIdsRecord',
  { key: 15, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    nextProducerId: int64,
  },
)
export type ProducerIdsRecord = MessageValue<typeof producerIdsRecord>
