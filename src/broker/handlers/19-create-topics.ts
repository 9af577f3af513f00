import { NO_TOPIC_ID } from '../../base/ids.ts'
import { describeTopic } from '../../config/index.ts'
import type { NewTopicOutcome, OperationError } from '../../metadata/index.ts'
import {
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  createTopicsRequest,
  createTopicsResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import type { BrokerServices, Handler } from '../handler.ts'
import { createTopicsNow } from '../topic-creation.ts'

type TopicAnswer = CreateTopicsResponse['topics'][number]

/**
 * CreateTopics, versions 2 to 7. v4 lets partitions and replication factor be -1
 * for the broker's defaults (older versions get them too), v5 is flexible and
 * answers with counts and configuration, v6 may be throttled, v7 answers with
 * the topic id. Answered when the topics can be used, so the timeout never matters.
 */
export const createTopicsHandler: Handler<CreateTopicsRequest, CreateTopicsResponse> = {
  key: 19,
  versions: [2, 7],
  request: createTopicsRequest,
  response: createTopicsResponse,
  async handle(services, request) {
    const { validateOnly } = request
    const outcomes = await createTopicsNow(services, request.topics, { validateOnly })
    const topics =
      'error' in outcomes
        ? request.topics.map(({ name }) => failedAnswer(name, outcomes.error))
        : outcomes.map((outcome) => topicAnswer(services, outcome))
    return { throttleTimeMs: 0, topics }
  },
}

function topicAnswer(services: BrokerServices, outcome: NewTopicOutcome): TopicAnswer {
  if (outcome.error !== undefined) return failedAnswer(outcome.name, outcome.error)
  const configs = describeTopic(outcome.overrides, services.config, null)
  return {
    name: outcome.name,
    topicId: outcome.id,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    topicConfigErrorCode: ErrorCode.NONE,
    numPartitions: outcome.partitionCount,
    replicationFactor: 1,
    configs: configs.map(({ name, value, readOnly, source, isSensitive }) => ({
      name,
      value,
      readOnly,
      configSource: source,
      isSensitive,
    })),
  }
}

function failedAnswer(name: string, error: OperationError): TopicAnswer {
  return {
    name,
    topicId: NO_TOPIC_ID,
    errorCode: error.code,
    errorMessage: error.message,
    topicConfigErrorCode: ErrorCode.NONE,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
}
