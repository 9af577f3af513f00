import { int16 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** Control record of a KRaft log. */
export const kRaftVersionRecord = message(
  'KRaftVersionRecord',
  { kind: 'data', versions: [0, 0], flexible: 0 },
  {
    version: int16,
    kRaftVersion: int16,
  },
)
export type KRaftVersionRecord = MessageValue<typeof kRaftVersionRecord>
