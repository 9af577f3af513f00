import { int8, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 4 of `__cluster_metadata`. */
export const configRecord = message(
  'ConfigRecord',
  { key: 4, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    resourceType: int8,
    resourceName: string,
    name: string,
    value: string.nullable(),
  },
)
export type ConfigRecord = MessageValue<typeof configRecord>
