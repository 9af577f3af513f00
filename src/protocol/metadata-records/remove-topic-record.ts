import { uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 9 of `__cluster_metadata`. */
export const removeTopicRecord = message(
  'RemoveTopicRecord',
  { key: 9, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    topicId: uuid,
  },
)
export type RemoveTopicRecord = MessageValue<typeof removeTopicRecord>
