import { array, int16, int32, string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Deletes topics by name or, from v6, by id.
 *
 * v4 flexible; v5 error messages; v6 ids.
 */
export const deleteTopicsRequest = message(
  'DeleteTopicsRequest',
  { key: 20, kind: 'request', versions: [1, 6], flexible: 4 },
  {
    topics: array({
      name: string.nullable().default(null),
      topicId: uuid,
    }).since(6),
    topicNames: array(string).until(5).ignorable(),
    timeoutMs: int32,
  },
)
export type DeleteTopicsRequest = MessageValue<typeof deleteTopicsRequest>

export const deleteTopicsResponse = message(
  'DeleteTopicsResponse',
  { key: 20, kind: 'response', versions: [1, 6], flexible: 4 },
  {
    throttleTimeMs: int32.ignorable(),
    responses: array({
      name: string.nullable(6),
      topicId: uuid.since(6).ignorable(),
      errorCode: int16,
      errorMessage: string.since(5).nullable().default(null).ignorable(),
    }),
  },
)
export type DeleteTopicsResponse = MessageValue<typeof deleteTopicsResponse>
