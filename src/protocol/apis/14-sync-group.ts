import { array, bytes, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Hands out the assignment that the leader of a classic group made.
 *
 * v1 throttle time; v3 static members; v4 flexible; v5 protocol type and name.
 */
export const syncGroupRequest = message(
  'SyncGroupRequest',
  { key: 14, kind: 'request', versions: [0, 5], flexible: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignments: array({
      memberId: string,
      assignment: bytes,
    }),
  },
)
export type SyncGroupRequest = MessageValue<typeof syncGroupRequest>

export const syncGroupResponse = message(
  'SyncGroupResponse',
  { key: 14, kind: 'response', versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignment: bytes,
  },
)
export type SyncGroupResponse = MessageValue<typeof syncGroupResponse>
