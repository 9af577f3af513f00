import { array, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Lists resources that have configuration.
 *
 * v0 client metrics only; v1 any resource type.
 */
export const listConfigResourcesRequest = message(
  'ListConfigResourcesRequest',
  { key: 74, kind: 'request', versions: [0, 1], flexible: 0 },
  {
    resourceTypes: array(int8).since(1),
  },
)
export type ListConfigResourcesRequest = MessageValue<typeof listConfigResourcesRequest>

export const listConfigResourcesResponse = message(
  'ListConfigResourcesResponse',
  { key: 74, kind: 'response', versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    configResources: array({
      resourceName: string,
      resourceType: int8.since(1).default(16).ignorable(),
    }),
  },
)
export type ListConfigResourcesResponse = MessageValue<typeof listConfigResourcesResponse>
