import {
  ErrorCode,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../protocol/index.ts'
import { checkEpoch } from '../fetch-path.ts'
import type { BrokerServices, Handler } from '../handler.ts'

type PartitionRequest = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number]
type PartitionAnswer = OffsetForLeaderEpochResponse['topics'][number]['partitions'][number]

/** OffsetForLeaderEpoch, versions 2 to 4. v2 current leader epoch, v3 replica id, v4 flexible. */
export const offsetForLeaderEpochHandler: Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = {
  key: 23,
  versions: [2, 4],
  request: offsetForLeaderEpochRequest,
  response: offsetForLeaderEpochResponse,
  handle(services, request) {
    const topics = request.topics.map((topic) => ({
      topic: topic.topic,
      partitions: topic.partitions.map((asked) => lookUp(services, topic.topic, asked)),
    }))
    return { throttleTimeMs: 0, topics }
  },
}

function lookUp(services: BrokerServices, topic: string, asked: PartitionRequest): PartitionAnswer {
  const nothing = { partition: asked.partition, leaderEpoch: -1, endOffset: -1 }
  const partition = services.partitions.find(topic, asked.partition)
  if (partition === undefined) return { ...nothing, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
  const epochError = checkEpoch(asked.currentLeaderEpoch, partition.leaderEpoch)
  if (epochError !== ErrorCode.NONE) return { ...nothing, errorCode: epochError }
  const end = partition.log.endOffsetForEpoch(asked.leaderEpoch)
  return { errorCode: ErrorCode.NONE, partition: asked.partition, leaderEpoch: end.epoch, endOffset: end.endOffset }
}
