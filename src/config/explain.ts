import type { BrokerConfig } from './broker-config.ts'
import { brokerConfigNames, brokerDefinitions, isBrokerConfig } from './broker-definitions.ts'
import { legalValues } from './config-value.ts'
import { type ConfigDefinition, ConfigEffect, ConfigType, ConfigUpdate } from './definition.ts'
import { closestName } from './spelling.ts'
import { isTopicConfig, synonymsOf, topicDefault } from './topic-config.ts'
import { topicDefinitions } from './topic-definitions.ts'

const TYPE_NAMES: Readonly<Record<ConfigType, string>> = {
  [ConfigType.boolean]: 'boolean',
  [ConfigType.string]: 'string',
  [ConfigType.int]: 'int',
  [ConfigType.short]: 'short',
  [ConfigType.long]: 'long',
  [ConfigType.double]: 'double',
  [ConfigType.list]: 'list',
  [ConfigType.class]: 'class',
  [ConfigType.password]: 'password',
}

/** What a person wants to know about one key. */
export interface ConfigExplanation {
  readonly scope: 'broker' | 'topic'
  readonly name: string
  /** In effect; hidden for passwords; null when not set. */
  readonly value: string | null
  /** Where the value was set. */
  readonly origin: string
  readonly defaultText: string | null
  readonly type: string
  readonly legalValues: string | undefined
  readonly documentation: string
  /** When and how it can change. */
  readonly change: string
  readonly effect: string
  /** For a topic key: the broker keys that give its default. */
  readonly brokerKeys: readonly string[]
}

/** One explanation per scope in which the name exists (`min.insync.replicas` has two); empty for an unknown name. */
export function explainConfig(name: string, broker: BrokerConfig): ConfigExplanation[] {
  const explanations: ConfigExplanation[] = []
  if (isBrokerConfig(name)) {
    const setting = broker.setting(name)
    explanations.push({
      ...common(name, brokerDefinitions[name]),
      scope: 'broker',
      value: broker.isSensitive(name) && setting.text !== null ? '(hidden)' : setting.text,
      origin: setting.detail,
      brokerKeys: [],
    })
  }
  if (isTopicConfig(name)) {
    const inherited = topicDefault(name, broker)
    explanations.push({
      ...common(name, topicDefinitions[name]),
      scope: 'topic',
      value: inherited?.text ?? topicDefinitions[name].defaultText,
      origin: inherited?.detail ?? 'default',
      brokerKeys: synonymsOf(name).map((synonym) => synonym.name),
    })
  }
  return explanations
}

/** The known key that an unknown one resembles. */
export function similarConfig(name: string): string | undefined {
  return closestName(name, [...brokerConfigNames, ...Object.keys(topicDefinitions)])
}

export function typeName(type: ConfigType): string {
  return TYPE_NAMES[type]
}

export function effectText(effect: ConfigEffect): string {
  switch (effect) {
    case ConfigEffect.used:
      return 'used'
    case ConfigEffect.accepted:
      return 'accepted, without effect in this version'
    case ConfigEffect.fixed:
      return 'fixed: other values are replaced'
  }
}

export function changeText(update: ConfigUpdate, scope: 'broker' | 'topic'): string {
  if (scope === 'topic') return 'at any time, per topic'
  switch (update) {
    case ConfigUpdate.readOnly:
      return 'at start only'
    case ConfigUpdate.perBroker:
      return 'at any time, per broker'
    case ConfigUpdate.clusterWide:
      return 'at any time, per broker or as the cluster default'
  }
}

function common(name: string, definition: ConfigDefinition) {
  const scope = isBrokerConfig(name) && definition === brokerDefinitions[name] ? 'broker' : 'topic'
  return {
    name,
    defaultText: definition.defaultText,
    type: typeName(definition.type),
    legalValues: legalValues(definition),
    documentation: definition.documentation,
    change: changeText(definition.update, scope),
    effect: effectText(definition.effect),
  }
}
