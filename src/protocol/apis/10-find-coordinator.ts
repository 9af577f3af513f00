import { array, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Asks which broker coordinates a group, a transactional id or a share partition.
 *
 * v1 key types; v3 flexible; v4 several keys in a request; v6 share keys.
 */
export const findCoordinatorRequest = message(
  'FindCoordinatorRequest',
  { key: 10, kind: 'request', versions: [0, 6], flexible: 3 },
  {
    key: string.until(3),
    keyType: int8.since(1),
    coordinatorKeys: array(string).since(4),
  },
)
export type FindCoordinatorRequest = MessageValue<typeof findCoordinatorRequest>

export const findCoordinatorResponse = message(
  'FindCoordinatorResponse',
  { key: 10, kind: 'response', versions: [0, 6], flexible: 3 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16.until(3),
    errorMessage: string.since(1).until(3).nullable().ignorable(),
    nodeId: int32.until(3),
    host: string.until(3),
    port: int32.until(3),
    coordinators: array({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: string.nullable().ignorable(),
    }).since(4),
  },
)
export type FindCoordinatorResponse = MessageValue<typeof findCoordinatorResponse>
