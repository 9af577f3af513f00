import { array, int16, int32, int64, int64Clamped, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Moves the start of partitions forward. Offset -1 is the high watermark.
 *
 * v2 flexible.
 */
export const deleteRecordsRequest = message(
  'DeleteRecordsRequest',
  { key: 21, kind: 'request', versions: [0, 2], flexible: 2 },
  {
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        offset: int64Clamped,
      }),
    }),
    timeoutMs: int32,
  },
)
export type DeleteRecordsRequest = MessageValue<typeof deleteRecordsRequest>

export const deleteRecordsResponse = message(
  'DeleteRecordsResponse',
  { key: 21, kind: 'response', versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        lowWatermark: int64,
        errorCode: int16,
      }),
    }),
  },
)
export type DeleteRecordsResponse = MessageValue<typeof deleteRecordsResponse>
