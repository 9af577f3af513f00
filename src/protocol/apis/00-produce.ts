import { array, int16, int32, int64, records, string, struct, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Appends record batches to partitions.
 *
 * v3 transactional id, magic 2 only; v7 zstd; v8 record errors and a message; v9 flexible; v10 leader hints;
 * v11 and v12 transaction rules only; v13 topic ids instead of names. `records` decodes to a view, so that batches
 * go from the receive slab to the log without a copy.
 */
export const produceRequest = message(
  'ProduceRequest',
  { key: 0, kind: 'request', versions: [3, 13], flexible: 9 },
  {
    transactionalId: string.nullable().default(null),
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitionData: array({
        index: int32,
        records: records,
      }),
    }),
  },
)
export type ProduceRequest = MessageValue<typeof produceRequest>

export const produceResponse = message(
  'ProduceResponse',
  { key: 0, kind: 'response', versions: [3, 13], flexible: 9 },
  {
    responses: array({
      name: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: int64.default(-1).ignorable(),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        recordErrors: array({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        })
          .since(8)
          .ignorable(),
        errorMessage: string.since(8).nullable().default(null).ignorable(),
        currentLeader: struct({
          leaderId: int32.default(-1),
          leaderEpoch: int32.default(-1),
        }).tagged(0, 10),
      }),
    }),
    throttleTimeMs: int32.ignorable(),
    nodeEndpoints: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }).tagged(0, 10),
  },
)
export type ProduceResponse = MessageValue<typeof produceResponse>
