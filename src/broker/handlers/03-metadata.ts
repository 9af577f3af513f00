import { NO_TOPIC_ID } from '../../base/ids.ts'
import { type MetadataImage, type NewTopic, type TopicImage, topicNameProblem } from '../../metadata/index.ts'
import {
  ErrorCode,
  type MetadataRequest,
  type MetadataResponse,
  metadataRequest,
  metadataResponse,
} from '../../protocol/index.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from '../authorized-operations.ts'
import { encodeInSlices } from '../encoded-metadata.ts'
import type { BrokerServices, EncodedAnswer, Handler, RequestContext } from '../handler.ts'
import { internalTopic } from '../internal-topics.ts'
import { failedTopicAnswer, type TopicAnswer, topicAnswer } from '../topic-answers.ts'
import { createTopicsNow } from '../topic-creation.ts'

type WantedTopic = NonNullable<MetadataRequest['topics']>[number]

const ALL_TOPICS_IS_NULL_SINCE = 1
const IDS_SINCE = 12
/** Topics and partitions, counted together, that are answered without leaving the event loop. */
const SLICE_PARTITIONS_MIN = 500

/**
 * Metadata, versions 0 to 13. v0 means all topics by an empty list, later ones by
 * null. v1 controller, v2 cluster id, v4 the client may forbid automatic
 * creation, v5 offline replicas, v7 leader epochs, v8 to v10 authorized
 * operations of the cluster, v8 of topics, v9 flexible, v10 topic ids in answers,
 * v12 in requests, v13 a top-level error.
 *
 * Brokers are named by the address of the listener that was asked. A topic that
 * is missing and may be created is created before the answer, so the first
 * answer already has its leaders.
 */
export const metadataHandler: Handler<MetadataRequest, MetadataResponse> = {
  key: 3,
  versions: [0, 13],
  request: metadataRequest,
  response: metadataResponse,
  handle(services, request, context) {
    const { topics } = request
    const wantsAll = topics === null || (topics.length === 0 && context.apiVersion < ALL_TOPICS_IS_NULL_SINCE)
    const image = services.metadata.image
    if (wantsAll) return answer(services, request, context, image.topics.values())
    if (topics.some((topic) => isMalformed(topic, context.apiVersion))) return refusedAnswer(topics, context.apiVersion)
    const wanted = withoutRepeats(topics)
    const missing = mayCreate(services, request) ? namesToCreate(image, wanted) : []
    if (missing.length === 0) return answer(services, request, context, findEach(services, request, wanted, NO_ERRORS))
    return createMissing(services, missing).then<MetadataResponse | EncodedAnswer>((errors) =>
      answer(services, request, context, findEach(services, request, wanted, errors)),
    )
  },
}

/** A topic that is there, or the answer about one that is not. */
type Found = TopicImage | TopicAnswer

function answer(
  services: BrokerServices,
  request: MetadataRequest,
  context: RequestContext,
  found: readonly Found[],
): MetadataResponse | Promise<EncodedAnswer> {
  const { clusterId, config, nodeId } = services
  const { host, port } = services.listeners[context.listener]!
  const frame = {
    throttleTimeMs: 0,
    brokers: [{ nodeId, host, port, rack: config.get('broker.rack') }],
    clusterId,
    controllerId: nodeId,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    errorCode: ErrorCode.NONE,
  }
  const operations = topicOperations(request)
  const answerOf = (topic: Found) => ('errorCode' in topic ? topic : topicAnswer(topic, nodeId, operations))
  const partitionTotal = found.reduce((sum, { partitions }) => sum + partitions.length, found.length)
  if (partitionTotal <= SLICE_PARTITIONS_MIN) return { ...frame, topics: found.map(answerOf) }
  return encodeInSlices(frame, found.length, sliced(found, answerOf), context.apiVersion)
}

function* sliced(found: readonly Found[], answerOf: (topic: Found) => TopicAnswer): Generator<TopicAnswer[]> {
  let slice: TopicAnswer[] = []
  let weight = 0
  for (const topic of found) {
    slice.push(answerOf(topic))
    weight += 1 + topic.partitions.length
    if (weight < SLICE_PARTITIONS_MIN) continue
    yield slice
    slice = []
    weight = 0
  }
  if (slice.length > 0) yield slice
}

/** The request says something that its version cannot mean: every topic is told so and nothing else is said. */
function refusedAnswer(topics: readonly WantedTopic[], version: number): MetadataResponse {
  return {
    throttleTimeMs: 0,
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics: topics.map(({ name, topicId }) =>
      failedTopicAnswer(
        ErrorCode.INVALID_REQUEST,
        { name: name ?? (version >= IDS_SINCE ? null : ''), topicId },
        OPERATIONS_NOT_ASKED,
      ),
    ),
    clusterAuthorizedOperations: OPERATIONS_NOT_ASKED,
    errorCode: ErrorCode.NONE,
  }
}

function isMalformed(topic: WantedTopic, version: number): boolean {
  if (version < IDS_SINCE) return topic.name === null || topic.topicId !== NO_TOPIC_ID
  return topic.name === null && topic.topicId === NO_TOPIC_ID
}

function withoutRepeats(topics: readonly WantedTopic[]): WantedTopic[] {
  const byKey = new Map(topics.map((topic) => [keyOf(topic), topic]))
  return byKey.size === topics.length ? [...topics] : [...byKey.values()]
}

/** An id, where there is one, decides. Topic names have no spaces, so names and ids cannot be taken for each other. */
function keyOf(topic: WantedTopic): string {
  return topic.topicId === NO_TOPIC_ID ? `name ${topic.name}` : `id ${topic.topicId}`
}

function topicOperations(request: MetadataRequest): number {
  return request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED
}

function findEach(
  services: BrokerServices,
  request: MetadataRequest,
  wanted: readonly WantedTopic[],
  creationErrors: ReadonlyMap<string, number>,
): Found[] {
  const { image } = services.metadata
  const operations = topicOperations(request)
  return wanted.map(({ name, topicId }) => {
    const topic = topicId !== NO_TOPIC_ID ? image.topicById(topicId) : name === null ? undefined : image.topic(name)
    if (topic !== undefined) return topic
    if (topicId !== NO_TOPIC_ID) {
      return failedTopicAnswer(ErrorCode.UNKNOWN_TOPIC_ID, { name: null, topicId }, OPERATIONS_NOT_ASKED)
    }
    const code = creationErrors.get(name ?? '') ?? missingCode(name ?? '')
    return failedTopicAnswer(code, { name }, operations)
  })
}

function missingCode(name: string): number {
  const legal = topicNameProblem(name) === undefined
  return legal ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION
}

function mayCreate(services: BrokerServices, request: MetadataRequest): boolean {
  return request.allowAutoTopicCreation && services.config.boolean('auto.create.topics.enable')
}

function namesToCreate(image: MetadataImage, wanted: readonly WantedTopic[]): string[] {
  const names: string[] = []
  for (const { name, topicId } of wanted) {
    if (name === null || topicId !== NO_TOPIC_ID || image.topic(name) !== undefined) continue
    if (topicNameProblem(name) === undefined) names.push(name)
  }
  return names
}

/** Creates what is missing; resolves to the codes of names that could not be created. */
async function createMissing(services: BrokerServices, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const topics = names.map((name) => internalTopic(name, services.config) ?? topicWithDefaults(name))
  const outcomes = await createTopicsNow(services, topics, { validateOnly: false })
  const errors = new Map<string, number>()
  if ('error' in outcomes) {
    // Told "no leader yet", clients ask again.
    for (const name of names) errors.set(name, ErrorCode.LEADER_NOT_AVAILABLE)
    return errors
  }
  for (const { name, error } of outcomes) if (error !== undefined) errors.set(name, creationCode(error.code))
  return errors
}

/** Of the reasons against a topic, Metadata can only name a bad name. */
function creationCode(code: number): number {
  return code === ErrorCode.INVALID_TOPIC_EXCEPTION ? code : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

function topicWithDefaults(name: string): NewTopic {
  return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }
}

const NO_ERRORS: ReadonlyMap<string, number> = new Map()
