import { int16 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** Control record of a KRaft log. */
export const snapshotFooterRecord = message(
  'SnapshotFooterRecord',
  { kind: 'data', versions: [0, 0], flexible: 0 },
  {
    version: int16,
  },
)
export type SnapshotFooterRecord = MessageValue<typeof snapshotFooterRecord>
