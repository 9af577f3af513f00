import { brokerCoordinatorDefinitions } from './broker-coordinator-definitions.ts'
import { brokerLogDefinitions } from './broker-log-definitions.ts'
import { brokerServerDefinitions } from './broker-server-definitions.ts'
import type { ConfigDefinition } from './definition.ts'

const definitions = { ...brokerServerDefinitions, ...brokerLogDefinitions, ...brokerCoordinatorDefinitions }

export type BrokerConfigName = keyof typeof definitions

/** Every broker configuration that Sluice knows, by name. */
export const brokerDefinitions: Readonly<Record<BrokerConfigName, ConfigDefinition>> = definitions

export const brokerConfigNames = (Object.keys(definitions) as BrokerConfigName[]).sort()

export function isBrokerConfig(name: string): name is BrokerConfigName {
  return Object.hasOwn(definitions, name)
}
