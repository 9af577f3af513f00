import { array, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Removes members from a classic group.
 *
 * v1 throttle time; v3 several members; v4 flexible; v5 reasons.
 */
export const leaveGroupRequest = message(
  'LeaveGroupRequest',
  { key: 13, kind: 'request', versions: [0, 5], flexible: 4 },
  {
    groupId: string,
    memberId: string.until(2),
    members: array({
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.since(5).nullable().default(null).ignorable(),
    }).since(3),
  },
)
export type LeaveGroupRequest = MessageValue<typeof leaveGroupRequest>

export const leaveGroupResponse = message(
  'LeaveGroupResponse',
  { key: 13, kind: 'response', versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    members: array({
      memberId: string,
      groupInstanceId: string.nullable(),
      errorCode: int16,
    }).since(3),
  },
)
export type LeaveGroupResponse = MessageValue<typeof leaveGroupResponse>
