import { array, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Deletes stored offsets of a group.
 */
export const offsetDeleteRequest = message(
  'OffsetDeleteRequest',
  { key: 47, kind: 'request', versions: [0, 0], flexible: 'never' },
  {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
)
export type OffsetDeleteRequest = MessageValue<typeof offsetDeleteRequest>

export const offsetDeleteResponse = message(
  'OffsetDeleteResponse',
  { key: 47, kind: 'response', versions: [0, 0], flexible: 'never' },
  {
    errorCode: int16,
    throttleTimeMs: int32.ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
)
export type OffsetDeleteResponse = MessageValue<typeof offsetDeleteResponse>
