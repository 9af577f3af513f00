import { type MetadataImage, type TopicImage, topicNameProblem } from '../../metadata/index.ts'
import {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import { TOPIC_OPERATIONS } from '../authorized-operations.ts'
import type { BrokerServices, Handler } from '../handler.ts'
import { failedTopicAnswer, partitionAnswer } from '../topic-answers.ts'

type TopicAnswer = DescribeTopicPartitionsResponse['topics'][number]
type Cursor = DescribeTopicPartitionsResponse['nextCursor']

/**
 * DescribeTopicPartitions, version 0: Metadata in pages. Topics come in order of
 * their names, all of them when none is named; the cursor names the first
 * partition of the page. A page holds as many partitions as the request, the
 * broker's `max.request.partition.size.limit`, and the rule of at least one allow.
 */
export const describeTopicPartitionsHandler: Handler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse> =
  {
    key: 75,
    versions: [0, 0],
    request: describeTopicPartitionsRequest,
    response: describeTopicPartitionsResponse,
    handle(services, request) {
      const { cursor } = request
      if (cursor !== null && cursor.partitionIndex < 0) return { throttleTimeMs: 0, topics: [], nextCursor: null }
      const limit = services.config.number('max.request.partition.size.limit')
      const page = new Page(services, Math.max(1, Math.min(limit, request.responsePartitionLimit)))
      for (const name of namesFrom(services.metadata.image, request)) {
        const from = name === cursor?.topicName ? cursor.partitionIndex : 0
        if (!page.add(name, from)) break
      }
      return { throttleTimeMs: 0, topics: page.topics, nextCursor: page.nextCursor }
    },
  }

/** Fills one answer until it is full. */
class Page {
  readonly topics: TopicAnswer[] = []
  nextCursor: Cursor = null
  readonly #services: BrokerServices
  #partitionsLeft: number

  constructor(services: BrokerServices, partitionsMax: number) {
    this.#services = services
    this.#partitionsLeft = partitionsMax
  }

  /** Adds a topic from one of its partitions on. False when the page is full; then the cursor says where to go on. */
  add(name: string, from: number): boolean {
    const topic = this.#services.metadata.image.topic(name)
    if (this.#partitionsLeft === 0) {
      this.nextCursor = { topicName: name, partitionIndex: from }
      return false
    }
    if (topic === undefined) {
      this.topics.push(missing(name))
      return true
    }
    const end = Math.min(topic.partitions.length, from + this.#partitionsLeft)
    this.topics.push(present(topic, from, end, this.#services.nodeId))
    this.#partitionsLeft -= Math.max(0, end - from)
    if (end >= topic.partitions.length) return true
    this.nextCursor = { topicName: name, partitionIndex: end }
    return false
  }
}

function namesFrom(image: MetadataImage, request: DescribeTopicPartitionsRequest): string[] {
  const names = new Set(request.topics.map(({ name }) => name))
  if (names.size === 0) for (const topic of image.topics.values()) names.add(topic.name)
  const first = request.cursor?.topicName ?? ''
  return [...names].filter((name) => name >= first).sort()
}

function present(topic: TopicImage, from: number, end: number, nodeId: number): TopicAnswer {
  return {
    ...failedTopicAnswer(ErrorCode.NONE, { name: topic.name, topicId: topic.id }, TOPIC_OPERATIONS),
    partitions: topic.partitions.slice(from, end).map((partition) => ({
      ...partitionAnswer(partition, nodeId),
      eligibleLeaderReplicas: [...(partition.eligibleLeaderReplicas ?? [])],
      lastKnownElr: [...(partition.lastKnownEligibleLeaderReplicas ?? [])],
    })),
  }
}

function missing(name: string): TopicAnswer {
  const legal = topicNameProblem(name) === undefined
  const code = legal ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION
  return { ...failedTopicAnswer(code, { name }, TOPIC_OPERATIONS), partitions: [] }
}
