import { array, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Deletes empty groups.
 *
 * v2 flexible.
 */
export const deleteGroupsRequest = message(
  'DeleteGroupsRequest',
  { key: 42, kind: 'request', versions: [0, 2], flexible: 2 },
  {
    groupsNames: array(string),
  },
)
export type DeleteGroupsRequest = MessageValue<typeof deleteGroupsRequest>

export const deleteGroupsResponse = message(
  'DeleteGroupsResponse',
  { key: 42, kind: 'response', versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      groupId: string,
      errorCode: int16,
    }),
  },
)
export type DeleteGroupsResponse = MessageValue<typeof deleteGroupsResponse>
