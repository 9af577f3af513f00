import { array, bool, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Changes single configuration keys. Operations: 0 set, 1 delete, 2 append, 3 subtract.
 *
 * v1 flexible.
 */
export const incrementalAlterConfigsRequest = message(
  'IncrementalAlterConfigsRequest',
  { key: 44, kind: 'request', versions: [0, 1], flexible: 1 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        configOperation: int8,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
)
export type IncrementalAlterConfigsRequest = MessageValue<typeof incrementalAlterConfigsRequest>

export const incrementalAlterConfigsResponse = message(
  'IncrementalAlterConfigsResponse',
  { key: 44, kind: 'response', versions: [0, 1], flexible: 1 },
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
export type IncrementalAlterConfigsResponse = MessageValue<typeof incrementalAlterConfigsResponse>
