import {
  brokerDefinitions,
  type ConfigDescription,
  ConfigType,
  describeBroker,
  describeTopic,
  isBrokerConfig,
} from '../../config/index.ts'
import { ConfigResourceType, topicNameProblem } from '../../metadata/index.ts'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  describeConfigsRequest,
  describeConfigsResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import type { BrokerServices, Handler } from '../handler.ts'

type Resource = DescribeConfigsRequest['resources'][number]
type ResourceAnswer = DescribeConfigsResponse['results'][number]
type ConfigAnswer = ResourceAnswer['configs'][number]

/** The source of an override that is the default of all brokers. */
const DYNAMIC_DEFAULT = 3

/**
 * DescribeConfigs, versions 1 to 4. v1 sources and synonyms, v3 types and
 * documentation, v4 flexible. Every configuration is listed, whether it was set
 * or not; keys that do not exist are left out. A broker without a name stands for
 * the defaults of all brokers, of which only those that were set are listed.
 */
export const describeConfigsHandler: Handler<DescribeConfigsRequest, DescribeConfigsResponse> = {
  key: 32,
  versions: [1, 4],
  request: describeConfigsRequest,
  response: describeConfigsResponse,
  handle(services, request) {
    const results = request.resources.map((resource) => {
      const described = describeResource(services, resource)
      if (!Array.isArray(described)) return failed(resource, described)
      const configs = described.map((config) => configAnswer(config, request))
      return answer(resource, { code: ErrorCode.NONE, message: '' }, configs)
    })
    return { throttleTimeMs: 0, results }
  },
}

interface Refusal {
  readonly code: number
  readonly message: string
}

function describeResource(services: BrokerServices, resource: Resource): ConfigDescription[] | Refusal {
  const { resourceType, resourceName: name, configurationKeys } = resource
  // Kafka takes an empty list for all, too.
  const keys = configurationKeys === null || configurationKeys.length === 0 ? null : configurationKeys
  switch (resourceType) {
    case ConfigResourceType.topic:
      return describeTopicResource(services, name, keys)
    case ConfigResourceType.broker:
      if (name === '') return describeDefaultBroker(services, keys)
      return nodeRefusal(services, name) ?? describeBroker(services.config, keys)
    default:
      return { code: ErrorCode.INVALID_REQUEST, message: `Resource type ${resourceType} cannot be described here` }
  }
}

function describeTopicResource(
  services: BrokerServices,
  name: string,
  keys: readonly string[] | null,
): ConfigDescription[] | Refusal {
  const problem = topicNameProblem(name)
  if (problem !== undefined) return { code: ErrorCode.INVALID_TOPIC_EXCEPTION, message: problem }
  const { image } = services.metadata
  if (image.topic(name) === undefined) return { code: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message: '' }
  return describeTopic(image.topicConfig(name), services.config, keys)
}

function describeDefaultBroker(services: BrokerServices, keys: readonly string[] | null): ConfigDescription[] {
  const descriptions: ConfigDescription[] = []
  for (const [name, text] of services.metadata.image.defaultBrokerConfig()) {
    if (!isBrokerConfig(name) || (keys !== null && !keys.includes(name))) continue
    const { type, documentation } = brokerDefinitions[name]
    const isSensitive = type === ConfigType.password
    const value = isSensitive ? null : text
    const synonyms = [{ name, value, source: DYNAMIC_DEFAULT } as const]
    descriptions.push({
      name,
      value,
      readOnly: false,
      source: DYNAMIC_DEFAULT,
      isSensitive,
      type,
      documentation,
      synonyms,
    })
  }
  return descriptions
}

function nodeRefusal(services: BrokerServices, name: string): Refusal | undefined {
  const code = ErrorCode.INVALID_REQUEST
  if (!/^-?\d+$/.test(name)) return { code, message: `Broker id must be an integer, but it is: ${name}` }
  if (Number(name) === services.nodeId) return undefined
  const expected = `expected ${services.nodeId} or empty string, but received ${Number(name)}`
  return { code, message: `Unexpected broker id, ${expected}` }
}

function configAnswer(config: ConfigDescription, request: DescribeConfigsRequest): ConfigAnswer {
  return {
    name: config.name,
    value: config.value,
    readOnly: config.readOnly,
    configSource: config.source,
    isSensitive: config.isSensitive,
    synonyms: request.includeSynonyms ? config.synonyms.map((synonym) => ({ ...synonym })) : [],
    configType: config.type,
    documentation: request.includeDocumentation ? config.documentation : null,
  }
}

function failed(resource: Resource, refusal: Refusal): ResourceAnswer {
  return answer(resource, refusal, [])
}

function answer(resource: Resource, outcome: Refusal, configs: ConfigAnswer[]): ResourceAnswer {
  const { resourceType, resourceName } = resource
  return { errorCode: outcome.code, errorMessage: outcome.message, resourceType, resourceName, configs }
}
