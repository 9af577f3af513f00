import { int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Keeps a member of a classic group alive.
 *
 * v1 throttle time; v3 static members; v4 flexible.
 */
export const heartbeatRequest = message(
  'HeartbeatRequest',
  { key: 12, kind: 'request', versions: [0, 4], flexible: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
  },
)
export type HeartbeatRequest = MessageValue<typeof heartbeatRequest>

export const heartbeatResponse = message(
  'HeartbeatResponse',
  { key: 12, kind: 'response', versions: [0, 4], flexible: 4 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
  },
)
export type HeartbeatResponse = MessageValue<typeof heartbeatResponse>
