import {
  type BrokerConfig,
  type BrokerConfigName,
  brokerConfigProblem,
  brokerDefinitions,
  ConfigType,
  describeBroker,
  describeTopic,
  isBrokerConfig,
  isTopicConfig,
  topicConfigProblem,
  topicDefinitions,
  topicOverridesProblem,
} from '../config/index.ts'
import type { ConfigRules } from '../metadata/index.ts'

/**
 * What the metadata room must know about configurations, answered from their
 * definitions. `current` are the overrides in force: they were checked when they
 * were set, and one that this version does not know must not block other changes.
 */
export function topicConfigRules(config: BrokerConfig, current: ReadonlyMap<string, string>): ConfigRules {
  return {
    isList: (name) => isTopicConfig(name) && topicDefinitions[name].type === ConfigType.list,
    valueWithoutOverride: (name) => describeTopic(new Map(), config, [name])[0]?.value ?? undefined,
    problem(overrides) {
      const problem = firstProblem(overrides, current, topicConfigProblem)
      return problem ?? topicOverridesProblem(knownTopicConfigs(overrides), config)
    },
  }
}

export function brokerConfigRules(
  config: BrokerConfig,
  current: ReadonlyMap<string, string>,
  forAllBrokers: boolean,
): ConfigRules {
  return {
    isList: (name) => isBrokerConfig(name) && brokerDefinitions[name].type === ConfigType.list,
    valueWithoutOverride: (name) => (isBrokerConfig(name) ? withoutOverride(config, name) : undefined),
    problem: (overrides) =>
      firstProblem(overrides, current, (name, text) => brokerConfigProblem(name, text, forAllBrokers)),
  }
}

function firstProblem(
  overrides: ReadonlyMap<string, string>,
  current: ReadonlyMap<string, string>,
  problemOf: (name: string, text: string) => string | undefined,
): string | undefined {
  for (const [name, text] of overrides) {
    const problem = current.get(name) === text ? undefined : problemOf(name, text)
    if (problem !== undefined) return problem
  }
  return undefined
}

function knownTopicConfigs(overrides: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...overrides].filter(([name]) => isTopicConfig(name)))
}

function withoutOverride(config: BrokerConfig, name: BrokerConfigName): string | undefined {
  const [description] = describeBroker(config, [name])
  return description?.value ?? undefined
}
