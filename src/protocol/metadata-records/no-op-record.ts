import { type MessageValue, message } from '../message.ts'

/** KRaft record 20 of `__cluster_metadata`. */
export const noOpRecord = message('NoOpRecord', { key: 20, kind: 'data', versions: [0, 0], flexible: 0 }, {})
export type NoOpRecord = MessageValue<typeof noOpRecord>
