import { int16, int64 } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** Control record of a KRaft log. */
export const snapshotHeaderRecord = message(
  'SnapshotHeaderRecord',
  { kind: 'data', versions: [0, 0], flexible: 0 },
  {
    version: int16,
    lastContainedLogTimestamp: int64,
  },
)
export type SnapshotHeaderRecord = MessageValue<typeof snapshotHeaderRecord>
