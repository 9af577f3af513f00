import type { Offset } from '../../base/ids.ts'
import { topicConfig } from '../../config/index.ts'
import { isInternalTopic } from '../../metadata/index.ts'
import { DiskError } from '../../native/index.ts'
import {
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
  deleteRecordsRequest,
  deleteRecordsResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import type { BrokerServices, Handler } from '../handler.ts'
import type { Partition } from '../partition.ts'

type PartitionRequest = DeleteRecordsRequest['topics'][number]['partitions'][number]
type PartitionAnswer = DeleteRecordsResponse['topics'][number]['partitions'][number]

/** Stands for "everything that is acknowledged". */
const HIGH_WATERMARK = -1
const NO_OFFSET = -1

/**
 * DeleteRecords, versions 0 to 2. v1 may be throttled, v2 flexible. Answered when
 * the new log start is durable; partitions are worked on side by side.
 */
export const deleteRecordsHandler: Handler<DeleteRecordsRequest, DeleteRecordsResponse> = {
  key: 21,
  versions: [0, 2],
  request: deleteRecordsRequest,
  response: deleteRecordsResponse,
  async handle(services, request) {
    const topics = request.topics.map(async ({ name, partitions }) => {
      const refusal = topicRefusal(services, name)
      const answers = partitions.map((asked) =>
        refusal === ErrorCode.NONE ? deleteBefore(services, name, asked) : failed(asked, refusal),
      )
      return { name, partitions: await Promise.all(answers) }
    })
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  },
}

function topicRefusal(services: BrokerServices, name: string): number {
  if (isInternalTopic(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION
  const { image } = services.metadata
  if (image.topic(name) === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const { cleanupDelete } = topicConfig(image.topicConfig(name), services.config)
  return cleanupDelete ? ErrorCode.NONE : ErrorCode.POLICY_VIOLATION
}

async function deleteBefore(
  services: BrokerServices,
  topic: string,
  asked: PartitionRequest,
): Promise<PartitionAnswer> {
  const partition = services.partitions.find(topic, asked.partitionIndex)
  if (partition === undefined) return failed(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const { highWatermark } = partition.log
  const offset = asked.offset === HIGH_WATERMARK ? highWatermark : asked.offset
  if (offset < 0 || offset > highWatermark) return failed(asked, ErrorCode.OFFSET_OUT_OF_RANGE)
  const lowWatermark = await moveLogStart(services, partition, offset)
  if (lowWatermark === NO_OFFSET) return failed(asked, ErrorCode.KAFKA_STORAGE_ERROR)
  return { partitionIndex: asked.partitionIndex, lowWatermark, errorCode: ErrorCode.NONE }
}

async function moveLogStart(services: BrokerServices, partition: Partition, offset: Offset): Promise<Offset> {
  const { log, topic, partition: index } = partition
  if (log.failure !== undefined) return NO_OFFSET
  try {
    return await log.deleteRecordsBefore(offset)
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    services.logger.error({ topic, partition: index, offset, error: error.message }, 'Records could not be deleted')
    return NO_OFFSET
  }
}

function failed(asked: PartitionRequest, errorCode: number): PartitionAnswer {
  return { partitionIndex: asked.partitionIndex, lowWatermark: NO_OFFSET, errorCode }
}
