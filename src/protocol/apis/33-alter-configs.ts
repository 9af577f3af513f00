import { array, bool, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Replaces the whole configuration of a resource.
 *
 * v2 flexible.
 */
export const alterConfigsRequest = message(
  'AlterConfigsRequest',
  { key: 33, kind: 'request', versions: [0, 2], flexible: 2 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
)
export type AlterConfigsRequest = MessageValue<typeof alterConfigsRequest>

export const alterConfigsResponse = message(
  'AlterConfigsResponse',
  { key: 33, kind: 'response', versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    responses: array({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
)
export type AlterConfigsResponse = MessageValue<typeof alterConfigsResponse>
