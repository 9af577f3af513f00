import { array, int8, int32, int64, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 17 of `__cluster_metadata`. */
export const brokerRegistrationChangeRecord = message(
  'BrokerRegistrationChangeRecord',
  { key: 17, kind: 'data', versions: [0, 3], flexible: 0 },
  {
    brokerId: int32,
    brokerEpoch: int64,
    fenced: int8.tagged(0, 0),
    inControlledShutdown: int8.tagged(1, 1),
    logDirs: array(uuid).tagged(2, 2),
    cordonedLogDirs: array(uuid).tagged(3, 3).nullable().default(null),
  },
)
export type BrokerRegistrationChangeRecord = MessageValue<typeof brokerRegistrationChangeRecord>
