import type { BrokerConfig } from './broker-config.ts'
import { configLevels } from './broker-config.ts'
import { type BrokerConfigName, brokerConfigNames, brokerDefinitions, isBrokerConfig } from './broker-definitions.ts'
import { ConfigOrigin, type ConfigSetting } from './config-origin.ts'
import { type ConfigDefinition, ConfigType, ConfigUpdate } from './definition.ts'
import { resolveDurability } from './durability.ts'
import { isTopicConfig, synonymsOf, topicDefault } from './topic-config.ts'
import { type TopicConfigName, topicDefinitions } from './topic-definitions.ts'

/** Kafka's numbers for where a described value comes from. */
export const ConfigSource = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
} as const
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource]

/** One key as DescribeConfigs answers it. A password's value is null. */
export interface ConfigDescription {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly source: ConfigSource
  readonly isSensitive: boolean
  readonly type: ConfigType
  readonly documentation: string
  /** What the value would fall back to, most specific first, the value in effect included. */
  readonly synonyms: readonly ConfigSynonym[]
}

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

const topicConfigNames = (Object.keys(topicDefinitions) as TopicConfigName[]).sort()

/** The configuration of a topic with these overrides; `names` null is all of it. Unknown names are left out. */
export function describeTopic(
  overrides: ReadonlyMap<string, string>,
  broker: BrokerConfig,
  names: readonly string[] | null,
): ConfigDescription[] {
  const wanted = names === null ? topicConfigNames : names.filter(isTopicConfig)
  return wanted.map((name) => describeTopicKey(name, overrides, broker))
}

/** The configuration of the broker; `names` null is all of it. Unknown names are left out. */
export function describeBroker(broker: BrokerConfig, names: readonly string[] | null): ConfigDescription[] {
  const wanted = names === null ? brokerConfigNames : names.filter(isBrokerConfig)
  return wanted.map((name) => {
    const definition = brokerDefinitions[name]
    const synonyms = chainOf(name).flatMap((each) => brokerSynonyms(each, broker))
    return describe(name, definition, synonyms, definition.update === ConfigUpdate.readOnly)
  })
}

function describeTopicKey(
  name: TopicConfigName,
  overrides: ReadonlyMap<string, string>,
  broker: BrokerConfig,
): ConfigDescription {
  const override = overrides.get(name)
  const own = override === undefined ? [] : [{ name, value: override, source: ConfigSource.dynamicTopic }]
  const inherited = synonymsOf(name).flatMap((synonym) => brokerSynonyms(synonym.name, broker))
  const description = describe(name, topicDefinitions[name], [...own, ...inherited], false)
  if (override !== undefined) return description
  // What decides may be a flush.* key, of the topic or of the broker: show the policy that holds.
  if (name === 'durability') return { ...description, value: resolveDurability(overrides, broker).durability }
  // The broker's key may be in another unit (log.retention.hours): show the topic's.
  const value = topicDefault(name, broker)?.text ?? topicDefinitions[name].defaultText
  const source = sourceOf(topicDefault(name, broker))
  return { ...description, value, source }
}

function describe(
  name: string,
  definition: ConfigDefinition,
  synonyms: readonly ConfigSynonym[],
  readOnly: boolean,
): ConfigDescription {
  const isSensitive = definition.type === ConfigType.password
  const [effective] = synonyms
  return {
    name,
    value: isSensitive ? null : (effective?.value ?? definition.defaultText),
    readOnly,
    source: effective?.source ?? ConfigSource.default,
    isSensitive,
    type: definition.type,
    documentation: definition.documentation,
    synonyms: isSensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
  }
}

/** Keys that stand in for each other in another unit, the stronger first. */
const CHAINS: readonly (readonly BrokerConfigName[])[] = [
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
]

function chainOf(name: BrokerConfigName): readonly BrokerConfigName[] {
  return CHAINS.find((chain) => chain[0] === name) ?? [name]
}

function brokerSynonyms(name: BrokerConfigName, broker: BrokerConfig): ConfigSynonym[] {
  const synonyms: ConfigSynonym[] = []
  for (const level of configLevels) {
    const setting = broker.atLevel(name, level)
    if (setting !== undefined) synonyms.push({ name, value: setting.text, source: sourceOf(setting) })
  }
  const { defaultText } = brokerDefinitions[name]
  if (defaultText !== null) synonyms.push({ name, value: defaultText, source: ConfigSource.default })
  return synonyms
}

function sourceOf(setting: ConfigSetting | undefined): ConfigSource {
  switch (setting?.origin) {
    case undefined:
    case ConfigOrigin.default:
    case ConfigOrigin.fixed:
      return ConfigSource.default
    case ConfigOrigin.dynamicBroker:
      return ConfigSource.dynamicBroker
    case ConfigOrigin.dynamicDefault:
      return ConfigSource.dynamicDefaultBroker
    default:
      return ConfigSource.staticBroker
  }
}
