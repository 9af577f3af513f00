import { array, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Lists groups.
 *
 * v1 throttle time; v3 flexible; v4 filter by state; v5 filter by type.
 */
export const listGroupsRequest = message(
  'ListGroupsRequest',
  { key: 16, kind: 'request', versions: [0, 5], flexible: 3 },
  {
    statesFilter: array(string).since(4),
    typesFilter: array(string).since(5),
  },
)
export type ListGroupsRequest = MessageValue<typeof listGroupsRequest>

export const listGroupsResponse = message(
  'ListGroupsResponse',
  { key: 16, kind: 'response', versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    groups: array({
      groupId: string,
      protocolType: string,
      groupState: string.since(4).ignorable(),
      groupType: string.since(5).ignorable(),
    }),
  },
)
export type ListGroupsResponse = MessageValue<typeof listGroupsResponse>
