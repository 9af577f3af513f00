import { array, bool, bytes, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Joins a classic group and waits for its rebalance.
 *
 * v1 rebalance timeout; v4 refuses an empty member id at first; v5 static members; v6 flexible; v7 protocol type;
 * v8 reason; v9 lets a leader skip the assignment.
 */
export const joinGroupRequest = message(
  'JoinGroupRequest',
  { key: 11, kind: 'request', versions: [0, 9], flexible: 6 },
  {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.since(1).default(-1).ignorable(),
    memberId: string,
    groupInstanceId: string.since(5).nullable().default(null),
    protocolType: string,
    protocols: array({
      name: string,
      metadata: bytes,
    }),
    reason: string.since(8).nullable().default(null).ignorable(),
  },
)
export type JoinGroupRequest = MessageValue<typeof joinGroupRequest>

export const joinGroupResponse = message(
  'JoinGroupResponse',
  { key: 11, kind: 'response', versions: [0, 9], flexible: 6 },
  {
    throttleTimeMs: int32.since(2).ignorable(),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.since(7).nullable().default(null).ignorable(),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: bool.since(9),
    memberId: string,
    members: array({
      memberId: string,
      groupInstanceId: string.since(5).nullable().default(null).ignorable(),
      metadata: bytes,
    }),
  },
)
export type JoinGroupResponse = MessageValue<typeof joinGroupResponse>
