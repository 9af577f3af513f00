import { NO_TOPIC_ID } from '../base/ids.ts'
import { isInternalTopic, type PartitionImage, type TopicImage } from '../metadata/index.ts'
import { ErrorCode, type MetadataResponse } from '../protocol/index.ts'

/** A topic as Metadata answers it. */
export type TopicAnswer = MetadataResponse['topics'][number]
export type PartitionAnswer = TopicAnswer['partitions'][number]

/** A topic that exists, seen from a cluster in which only `nodeId` is alive. */
export function topicAnswer(topic: TopicImage, nodeId: number, authorizedOperations: number): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition) => partitionAnswer(partition, nodeId)),
    topicAuthorizedOperations: authorizedOperations,
  }
}

export function failedTopicAnswer(
  errorCode: number,
  topic: { readonly name: string | null; readonly topicId?: string },
  authorizedOperations: number,
): TopicAnswer {
  return {
    errorCode,
    name: topic.name,
    topicId: topic.topicId ?? NO_TOPIC_ID,
    isInternal: topic.name !== null && isInternalTopic(topic.name),
    partitions: [],
    topicAuthorizedOperations: authorizedOperations,
  }
}

/** A leader that is not alive is no leader to a client: LEADER_NOT_AVAILABLE makes it ask again. */
export function partitionAnswer(partition: PartitionImage, nodeId: number): PartitionAnswer {
  const available = partition.leader === nodeId
  return {
    errorCode: available ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
    partitionIndex: partition.partition,
    leaderId: available ? nodeId : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: [...partition.replicas],
    isrNodes: [...partition.isr],
    offlineReplicas: partition.replicas.filter((replica) => replica !== nodeId),
  }
}
