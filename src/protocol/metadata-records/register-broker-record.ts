import { array, bool, int16, int32, int64, string, uint16, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 0 of `__cluster_metadata`. */
export const registerBrokerRecord = message(
  'RegisterBrokerRecord',
  { key: 0, kind: 'data', versions: [0, 4], flexible: 0 },
  {
    brokerId: int32,
    isMigratingZkBroker: bool.since(2),
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: string.nullable(),
    fenced: bool.default(true),
    inControlledShutdown: bool.since(1),
    logDirs: array(uuid).tagged(0, 3),
    cordonedLogDirs: array(uuid).tagged(1, 4).nullable().default(null),
  },
)
export type RegisterBrokerRecord = MessageValue<typeof registerBrokerRecord>
