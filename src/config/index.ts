export { BrokerConfig, type DynamicConfig } from './broker-config.ts'
export { type BrokerConfigName, brokerConfigNames, brokerDefinitions, isBrokerConfig } from './broker-definitions.ts'
export { ConfigError, type ConfigProblem } from './config-error.ts'
export { type ConfigFile, readConfigFile } from './config-file.ts'
export { ConfigOrigin, type ConfigSetting } from './config-origin.ts'
export { checkValue, legalValues } from './config-value.ts'
export { type ConfigDefinition, ConfigEffect, ConfigType, ConfigUpdate } from './definition.ts'
export {
  type ConfigDescription,
  ConfigSource,
  type ConfigSynonym,
  describeBroker,
  describeTopic,
} from './describe-configs.ts'
export { type DurabilitySetting, resolveDurability } from './durability.ts'
export {
  type ConfigExplanation,
  changeText,
  effectText,
  explainConfig,
  similarConfig,
  typeName,
} from './explain.ts'
export { formatHost, type ListenerConfig } from './listeners.ts'
export { brokerConfig, type ConfigSources, type LoadedConfig, loadBrokerConfig } from './load-config.ts'
export { configReferencePage } from './reference-page.ts'
export {
  brokerConfigProblem,
  isTopicConfig,
  type TopicSettings,
  topicConfig,
  topicConfigProblem,
  topicOverridesProblem,
} from './topic-config.ts'
export { type TopicConfigName, topicDefinitions } from './topic-definitions.ts'
