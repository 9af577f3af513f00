import { string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 2 of `__cluster_metadata`. */
export const topicRecord = message(
  'TopicRecord',
  { key: 2, kind: 'data', versions: [0, 0], flexible: 0 },
  {
    name: string,
    topicId: uuid,
  },
)
export type TopicRecord = MessageValue<typeof topicRecord>
