import { int16, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 12 of `__cluster_metadata`. */
export const featureLevelRecord = message(
  'FeatureLevelRecord',
  { key: 12, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    name: string,
    featureLevel: int16,
  },
)
export type FeatureLevelRecord = MessageValue<typeof featureLevelRecord>
