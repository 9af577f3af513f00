import type { BrokerConfig } from './broker-config.ts'
import { type BrokerConfigName, brokerDefinitions, isBrokerConfig } from './broker-definitions.ts'
import type { ConfigSetting } from './config-origin.ts'
import { type ConfigValue, checkValue, parseValue } from './config-value.ts'
import { ConfigUpdate } from './definition.ts'
import { type DurabilitySetting, resolveDurability } from './durability.ts'
import { type TopicConfigName, type TopicDefinition, topicDefinitions } from './topic-definitions.ts'

/**
 * What a topic's configuration amounts to: its overrides over the broker's
 * defaults, in plain numbers. A limit of -1 is "none"; Infinity is Kafka's LONG
 * maximum. Immutable; computed again when either side changes.
 */
export interface TopicSettings {
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly segmentJitterMs: number
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly cleanupDelete: boolean
  readonly cleanupCompact: boolean
  readonly fileDeleteDelayMs: number
  readonly producerIdExpirationMs: number
  readonly preallocate: boolean
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  /** Largest batch, bytes. */
  readonly maxMessageBytes: number
  readonly minInsyncReplicas: number
  /** `producer`, `uncompressed` or a codec's name. */
  readonly compressionType: string
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly durability: DurabilitySetting
}

export function isTopicConfig(name: string): name is TopicConfigName {
  return Object.hasOwn(topicDefinitions, name)
}

/** The settings of a topic with these overrides (all of them legal, see `topicConfigProblem`) on this broker. */
export function topicConfig(overrides: ReadonlyMap<string, string>, broker: BrokerConfig): TopicSettings {
  const number = (name: TopicConfigName) => Number(topicValue(name, overrides, broker))
  const boolean = (name: TopicConfigName) => topicValue(name, overrides, broker) === true
  const policy = topicValue('cleanup.policy', overrides, broker)
  const policies: readonly string[] = Array.isArray(policy) ? policy : []
  return {
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    cleanupDelete: policies.includes('delete'),
    cleanupCompact: policies.includes('compact'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    producerIdExpirationMs: broker.number('producer.id.expiration.ms'),
    preallocate: boolean('preallocate'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    maxMessageBytes: number('max.message.bytes'),
    minInsyncReplicas: number('min.insync.replicas'),
    compressionType: String(topicValue('compression.type', overrides, broker)),
    timestampType:
      topicValue('message.timestamp.type', overrides, broker) === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    durability: resolveDurability(overrides, broker),
  }
}

/** The broker's setting that gives a topic key its default, converted to the topic key's unit. */
export function topicDefault(name: TopicConfigName, broker: BrokerConfig): ConfigSetting | undefined {
  for (const synonym of synonymsOf(name)) {
    const setting = broker.explicit(synonym.name)
    if (setting !== undefined && setting.text !== null) {
      return { ...setting, text: inUnitOf(name, setting.text, synonym.factor) }
    }
  }
  return undefined
}

/** Why a topic config cannot be set to this text, or undefined when it can. For CreateTopics and AlterConfigs. */
export function topicConfigProblem(name: string, text: string | null): string | undefined {
  if (!isTopicConfig(name)) {
    const hint = isBrokerConfig(name) ? ' (it is a broker config)' : ''
    return `Unknown topic config name: ${name}${hint}`
  }
  if (text === null) return `The value of topic config ${name} is missing: give one, or delete the override`
  const problem = checkValue(topicDefinitions[name], text)
  return problem === undefined ? undefined : `Invalid value ${text} for topic config ${name}: it ${problem}`
}

/** Why a set of overrides does not fit together; each was checked on its own before. */
export function topicOverridesProblem(
  overrides: ReadonlyMap<string, string>,
  broker: BrokerConfig,
): string | undefined {
  const settings = topicConfig(overrides, broker)
  if (settings.minCompactionLagMs > settings.maxCompactionLagMs) {
    return (
      `min.compaction.lag.ms (${settings.minCompactionLagMs}) must not exceed ` +
      `max.compaction.lag.ms (${settings.maxCompactionLagMs})`
    )
  }
  if (overrides.get('remote.storage.enable')?.trim().toLowerCase() === 'true') {
    return 'remote.storage.enable cannot be true: there is no tiered storage'
  }
  return undefined
}

/** Why a broker config cannot be changed at run time to this text, or undefined. */
export function brokerConfigProblem(name: string, text: string | null, forAllBrokers: boolean): string | undefined {
  if (!isBrokerConfig(name)) return `Unknown broker config name: ${name}`
  const definition = brokerDefinitions[name]
  if (definition.update === ConfigUpdate.readOnly) {
    return `Broker config ${name} cannot be changed while the broker runs: set it where the broker is started`
  }
  if (forAllBrokers && definition.update === ConfigUpdate.perBroker) {
    return `Broker config ${name} can only be changed for one broker, not as the cluster default`
  }
  if (text === null) return `The value of broker config ${name} is missing: give one, or delete the override`
  const problem = checkValue(definition, text)
  return problem === undefined ? undefined : `Invalid value ${text} for broker config ${name}: it ${problem}`
}

export function synonymsOf(name: TopicConfigName): { name: BrokerConfigName; factor: number }[] {
  const definition: TopicDefinition = topicDefinitions[name]
  return definition.synonyms.filter(hasBrokerName)
}

function hasBrokerName(synonym: {
  name: string
  factor: number
}): synonym is { name: BrokerConfigName; factor: number } {
  return isBrokerConfig(synonym.name)
}

function topicValue(name: TopicConfigName, overrides: ReadonlyMap<string, string>, broker: BrokerConfig): ConfigValue {
  const definition: TopicDefinition = topicDefinitions[name]
  const text = overrides.get(name) ?? topicDefault(name, broker)?.text ?? definition.defaultText
  return parseValue(definition, text)
}

/** Kafka treats any negative retention as "no limit" and shows -1. */
function inUnitOf(name: TopicConfigName, text: string, factor: number): string {
  if (factor === 1) return text
  const value = Number(text)
  return name === 'retention.ms' && value < 0 ? '-1' : String(value * factor)
}
