import { array, bool, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes log directories and the partitions in them.
 *
 * v2 flexible; v3 a top-level error; v4 total and usable bytes; v5 cordoned directories.
 */
export const describeLogDirsRequest = message(
  'DescribeLogDirsRequest',
  { key: 35, kind: 'request', versions: [1, 5], flexible: 2 },
  {
    topics: array({
      topic: string,
      partitions: array(int32),
    }).nullable(),
  },
)
export type DescribeLogDirsRequest = MessageValue<typeof describeLogDirsRequest>

export const describeLogDirsResponse = message(
  'DescribeLogDirsResponse',
  { key: 35, kind: 'response', versions: [1, 5], flexible: 2 },
  {
    throttleTimeMs: int32,
    errorCode: int16.since(3).ignorable(),
    results: array({
      errorCode: int16,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: bool,
        }),
      }),
      totalBytes: int64.since(4).default(-1).ignorable(),
      usableBytes: int64.since(4).default(-1).ignorable(),
      isCordoned: bool.since(5).ignorable(),
    }),
  },
)
export type DescribeLogDirsResponse = MessageValue<typeof describeLogDirsResponse>
