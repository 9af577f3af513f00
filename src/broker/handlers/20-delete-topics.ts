import { NO_TOPIC_ID, type TopicId } from '../../base/ids.ts'
import {
  type MetadataImage,
  type MetadataRecord,
  type OperationError,
  RecordType,
  type TopicImage,
} from '../../metadata/index.ts'
import {
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import type { Handler } from '../handler.ts'
import { changeMetadata } from '../metadata-change.ts'

/** What is asked for: one of the two, unless the request is wrong. */
interface Wanted {
  readonly name: string | null
  readonly topicId: TopicId
}
type Answer = DeleteTopicsResponse['responses'][number]

/** Versions that cannot carry TOPIC_DELETION_DISABLED end here. */
const DISABLED_CODE_SINCE = 3
const IDS_SINCE = 6

/**
 * DeleteTopics, versions 1 to 6. v4 flexible, v5 error messages, v6 names or ids.
 * A topic asked for twice, by name, id or both, is refused with one answer.
 */
export const deleteTopicsHandler: Handler<DeleteTopicsRequest, DeleteTopicsResponse> = {
  key: 20,
  versions: [1, 6],
  request: deleteTopicsRequest,
  response: deleteTopicsResponse,
  async handle(services, request, context) {
    const wanted = wantedTopics(request, context.apiVersion)
    if (!services.config.boolean('delete.topic.enable')) {
      return { throttleTimeMs: 0, responses: wanted.map((topic) => answer(topic, disabled(context.apiVersion))) }
    }
    const outcome = await changeMetadata(services, false, (image) => {
      const { responses, ids } = judge(image, wanted)
      return { records: ids.map(removal), result: responses }
    })
    const responses = 'error' in outcome ? wanted.map((topic) => answer(topic, outcome.error)) : outcome.result
    return { throttleTimeMs: 0, responses }
  },
}

function wantedTopics(request: DeleteTopicsRequest, version: number): Wanted[] {
  if (version >= IDS_SINCE) return request.topics
  return request.topicNames.map((name) => ({ name, topicId: NO_TOPIC_ID }))
}

function removal(topicId: TopicId): MetadataRecord {
  return { type: RecordType.removeTopic, value: { topicId } }
}

/** Which topics go, and the answer about each. */
function judge(image: MetadataImage, wanted: readonly Wanted[]): { responses: Answer[]; ids: TopicId[] } {
  const responses: Answer[] = []
  const ids: TopicId[] = []
  const timesWanted = new Map<string, number>()
  const counted = wanted.filter((topic) => {
    const problem = formProblem(topic)
    if (problem !== undefined) responses.push(answer(topic, problem))
    return problem === undefined
  })
  for (const topic of counted) timesWanted.set(keyOf(image, topic), (timesWanted.get(keyOf(image, topic)) ?? 0) + 1)
  for (const topic of counted) {
    const key = keyOf(image, topic)
    const times = timesWanted.get(key)
    // Only the first of several is answered, for all of them.
    if (times === undefined) continue
    timesWanted.delete(key)
    const found = find(image, topic)
    if (times > 1) responses.push(answer(topic, topic.name === null ? DUPLICATE_ID : DUPLICATE_NAME))
    else if (found === undefined) responses.push(answer(topic, topic.name === null ? UNKNOWN_ID : UNKNOWN_NAME))
    else {
      ids.push(found.id)
      responses.push(answer({ name: found.name, topicId: found.id }, SUCCESS))
    }
  }
  return { responses, ids }
}

/** A name and an id that mean the same topic have the same key. */
function keyOf(image: MetadataImage, topic: Wanted): string {
  return find(image, topic)?.id ?? topic.name ?? topic.topicId
}

function find(image: MetadataImage, topic: Wanted): TopicImage | undefined {
  return topic.name === null ? image.topicById(topic.topicId) : image.topic(topic.name)
}

function formProblem(topic: Wanted): OperationError | undefined {
  const hasId = topic.topicId !== NO_TOPIC_ID
  if (topic.name === null) return hasId ? undefined : NOTHING_SPECIFIED
  return hasId ? BOTH_SPECIFIED : undefined
}

function disabled(version: number): OperationError {
  if (version >= DISABLED_CODE_SINCE) {
    return {
      code: ErrorCode.TOPIC_DELETION_DISABLED,
      message: 'Topic deletion is disabled: delete.topic.enable is false.',
    }
  }
  return { code: ErrorCode.INVALID_REQUEST, message: null }
}

function answer(topic: Wanted, error: OperationError): Answer {
  return { name: topic.name, topicId: topic.topicId, errorCode: error.code, errorMessage: error.message }
}

const SUCCESS: OperationError = { code: ErrorCode.NONE, message: null }
const UNKNOWN_NAME: OperationError = {
  code: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  message: 'This server does not host this topic-partition.',
}
const UNKNOWN_ID: OperationError = {
  code: ErrorCode.UNKNOWN_TOPIC_ID,
  message: 'This server does not host this topic ID.',
}
const DUPLICATE_NAME: OperationError = { code: ErrorCode.INVALID_REQUEST, message: 'Duplicate topic name.' }
const DUPLICATE_ID: OperationError = { code: ErrorCode.INVALID_REQUEST, message: 'Duplicate topic id.' }
const NOTHING_SPECIFIED: OperationError = {
  code: ErrorCode.INVALID_REQUEST,
  message: 'Neither topic name nor id were specified.',
}
const BOTH_SPECIFIED: OperationError = {
  code: ErrorCode.INVALID_REQUEST,
  message: 'You may not specify both topic name and topic id.',
}
