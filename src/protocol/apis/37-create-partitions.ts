import { array, bool, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Raises the partition count of topics.
 *
 * v2 flexible; v3 may throttle.
 */
export const createPartitionsRequest = message(
  'CreatePartitionsRequest',
  { key: 37, kind: 'request', versions: [0, 3], flexible: 2 },
  {
    topics: array({
      name: string,
      count: int32,
      assignments: array({
        brokerIds: array(int32),
      }).nullable(),
    }),
    timeoutMs: int32,
    validateOnly: bool,
  },
)
export type CreatePartitionsRequest = MessageValue<typeof createPartitionsRequest>

export const createPartitionsResponse = message(
  'CreatePartitionsResponse',
  { key: 37, kind: 'response', versions: [0, 3], flexible: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      name: string,
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
)
export type CreatePartitionsResponse = MessageValue<typeof createPartitionsResponse>
