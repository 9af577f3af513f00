import { array, int8, int16, int32, int64, int64Clamped, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Finds offsets by timestamp, or by a negative code such as -1 (end) and -2 (start).
 *
 * v2 isolation level; v4 leader epochs; v6 flexible; v7 to v11 add negative codes; v10 also a timeout.
 */
export const listOffsetsRequest = message(
  'ListOffsetsRequest',
  { key: 2, kind: 'request', versions: [1, 11], flexible: 6 },
  {
    replicaId: int32,
    isolationLevel: int8.since(2),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1).ignorable(),
        timestamp: int64Clamped,
      }),
    }),
    timeoutMs: int32.since(10).ignorable(),
  },
)
export type ListOffsetsRequest = MessageValue<typeof listOffsetsRequest>

export const listOffsetsResponse = message(
  'ListOffsetsResponse',
  { key: 2, kind: 'response', versions: [1, 11], flexible: 6 },
  {
    throttleTimeMs: int32.since(2).ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: int64.default(-1),
        offset: int64.default(-1),
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
)
export type ListOffsetsResponse = MessageValue<typeof listOffsetsResponse>
