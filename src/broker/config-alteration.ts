import { brokerDefinitions, ConfigUpdate, isBrokerConfig } from '../config/index.ts'
import {
  type ConfigOutcome,
  type ConfigResource,
  ConfigResourceType,
  type ConfigRules,
  type MetadataImage,
  type MetadataRecord,
  type OperationError,
  topicNameProblem,
} from '../metadata/index.ts'
import { type AlterConfigsResponse, ErrorCode } from '../protocol/index.ts'
import { brokerConfigRules, topicConfigRules } from './config-rules.ts'
import type { BrokerServices } from './handler.ts'
import { changeMetadata } from './metadata-change.ts'

/** One resource of AlterConfigs or IncrementalAlterConfigs; both answer alike. */
export interface Alteration<Entry extends { readonly name: string; readonly value: string | null }> {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly Entry[]
}

/** What to do to the overrides of a resource that may be altered. */
export type Alter<Entry> = (
  resource: ConfigResource,
  current: ReadonlyMap<string, string>,
  entries: readonly Entry[],
  rules: ConfigRules,
) => ConfigOutcome

type Answer = AlterConfigsResponse['responses'][number]
type Refusal = { readonly error: OperationError }

/**
 * Alters each resource on its own, all in one proposal: a resource that is
 * refused does not keep the others from being altered.
 */
export async function alterConfigs<Entry extends { readonly name: string; readonly value: string | null }>(
  services: BrokerServices,
  options: { readonly resources: readonly Alteration<Entry>[]; readonly validateOnly: boolean },
  alter: Alter<Entry>,
): Promise<AlterConfigsResponse> {
  const { resources } = options
  const repeated = repeatedResources(resources)
  const outcome = await changeMetadata(services, options.validateOnly, (image) => {
    const records: MetadataRecord[] = []
    const responses = resources.map((resource) => {
      const altered = repeated.has(keyOf(resource))
        ? refuse(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
        : alterOne(services, image, resource, alter)
      if ('error' in altered) return answer(resource, altered.error)
      records.push(...altered.records)
      return answer(resource, NO_ERROR)
    })
    return { records, result: responses }
  })
  const responses = 'error' in outcome ? resources.map((resource) => answer(resource, outcome.error)) : outcome.result
  return { throttleTimeMs: 0, responses }
}

function alterOne<Entry extends { readonly name: string; readonly value: string | null }>(
  services: BrokerServices,
  image: MetadataImage,
  alteration: Alteration<Entry>,
  alter: Alter<Entry>,
): ConfigOutcome {
  const { resourceType: type, resourceName: name, configs } = alteration
  if (new Set(configs.map((entry) => entry.name)).size < configs.length) {
    return refuse(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys')
  }
  const refusal = resourceRefusal(services, image, { type, name }) ?? readOnlyRefusal(type, configs)
  if (refusal !== undefined) return refusal
  const current = image.configOverrides(type, name)
  const rules =
    type === ConfigResourceType.topic
      ? topicConfigRules(services.config, current)
      : brokerConfigRules(services.config, current, name === '')
  return alter({ type, name }, current, configs, rules)
}

function resourceRefusal(
  services: BrokerServices,
  image: MetadataImage,
  { type, name }: ConfigResource,
): Refusal | undefined {
  switch (type) {
    case ConfigResourceType.topic:
      return topicRefusal(image, name)
    case ConfigResourceType.broker:
      return name === '' ? undefined : nodeRefusal(services, name)
    case ConfigResourceType.brokerLogger:
      return refuse(ErrorCode.INVALID_REQUEST, 'The levels of broker loggers cannot be changed while the broker runs.')
    default:
      return refuse(ErrorCode.INVALID_REQUEST, `Unknown resource type ${type}`)
  }
}

function topicRefusal(image: MetadataImage, name: string): Refusal | undefined {
  if (name === '') return refuse(ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.')
  const problem = topicNameProblem(name)
  if (problem !== undefined) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, problem)
  if (image.topic(name) !== undefined) return undefined
  return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
}

function nodeRefusal(services: BrokerServices, name: string): Refusal | undefined {
  if (!/^-?\d+$/.test(name)) {
    return refuse(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`)
  }
  if (Number(name) === services.nodeId) return undefined
  return refuse(
    ErrorCode.INVALID_REQUEST,
    `Unexpected broker id, expected ${services.nodeId}, but received ${Number(name)}`,
  )
}

/** What a running broker cannot change is a wrong request, not a wrong value. */
function readOnlyRefusal(
  type: number,
  configs: readonly { readonly name: string; readonly value: string | null }[],
): Refusal | undefined {
  if (type !== ConfigResourceType.broker) return undefined
  const names = configs.map(({ name }) => name).filter(isReadOnly)
  if (names.length === 0) return undefined
  return refuse(ErrorCode.INVALID_REQUEST, `Cannot update these configs dynamically: [${names.join(', ')}]`)
}

function isReadOnly(name: string): boolean {
  return isBrokerConfig(name) && brokerDefinitions[name].update === ConfigUpdate.readOnly
}

function repeatedResources(resources: readonly { resourceType: number; resourceName: string }[]): Set<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const resource of resources) {
    const key = keyOf(resource)
    if (seen.has(key)) repeated.add(key)
    seen.add(key)
  }
  return repeated
}

function keyOf(resource: { readonly resourceType: number; readonly resourceName: string }): string {
  return `${resource.resourceType}:${resource.resourceName}`
}

function answer(
  resource: { readonly resourceType: number; readonly resourceName: string },
  error: OperationError,
): Answer {
  const { resourceType, resourceName } = resource
  return { errorCode: error.code, errorMessage: error.message, resourceType, resourceName }
}

export function refuse(code: number, message: string): Refusal {
  return { error: { code, message } }
}

/** Names of the entries that lack a value although their operation needs one. */
export function missingValues(names: readonly string[]): Refusal | undefined {
  if (names.length === 0) return undefined
  return refuse(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${names.join(', ')}`)
}

const NO_ERROR: OperationError = { code: ErrorCode.NONE, message: null }
