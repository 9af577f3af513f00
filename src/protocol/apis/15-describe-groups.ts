import { array, bool, bytes, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes classic groups and their members.
 *
 * v1 throttle time; v3 authorized operations; v4 static members; v5 flexible; v6 an error message, and an absent
 * group is an error.
 */
export const describeGroupsRequest = message(
  'DescribeGroupsRequest',
  { key: 15, kind: 'request', versions: [0, 6], flexible: 5 },
  {
    groups: array(string),
    includeAuthorizedOperations: bool.since(3),
  },
)
export type DescribeGroupsRequest = MessageValue<typeof describeGroupsRequest>

export const describeGroupsResponse = message(
  'DescribeGroupsResponse',
  { key: 15, kind: 'response', versions: [0, 6], flexible: 5 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    groups: array({
      errorCode: int16,
      errorMessage: string.since(6).nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: string.since(4).nullable().default(null).ignorable(),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.since(3).default(-2147483648),
    }),
  },
)
export type DescribeGroupsResponse = MessageValue<typeof describeGroupsResponse>
