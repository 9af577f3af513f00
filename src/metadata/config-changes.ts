import { ErrorCode } from '../protocol/index.ts'
import { ConfigResourceType } from './metadata-image.ts'
import type { MetadataRecord } from './metadata-records.ts'
import { RecordType } from './metadata-records.ts'
import { type OperationError, refuse } from './operation-error.ts'

/** What the configurations of one kind of resource may be. Injected: this room knows no configuration by name. */
export interface ConfigRules {
  /** Whether APPEND and SUBTRACT make sense. */
  isList(name: string): boolean
  /** The value without an override, which APPEND and SUBTRACT start from; undefined when there is none. */
  valueWithoutOverride(name: string): string | undefined
  /** Why these overrides, taken together, are refused; undefined when they are fine. */
  problem(overrides: ReadonlyMap<string, string>): string | undefined
}

/** One change of an incremental alteration. */
export interface ConfigChange {
  readonly name: string
  readonly operation: ConfigOperation
  readonly value: string | null
}

/** Numbers on the wire. */
export const ConfigOperation = { set: 0, delete: 1, append: 2, subtract: 3 } as const
export type ConfigOperation = (typeof ConfigOperation)[keyof typeof ConfigOperation]

export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

export type ConfigOutcome =
  | { readonly records: MetadataRecord[]; readonly overrides: ReadonlyMap<string, string> }
  | { readonly error: OperationError }

/** Applies changes one by one to the overrides of a resource. Names are distinct; values of changes other than DELETE are not null. */
export function changeConfigs(
  resource: ConfigResource,
  current: ReadonlyMap<string, string>,
  changes: readonly ConfigChange[],
  rules: ConfigRules,
): ConfigOutcome {
  const overrides = new Map(current)
  const touched: string[] = []
  for (const { name, operation, value } of changes) {
    if (operation === ConfigOperation.append || operation === ConfigOperation.subtract) {
      if (!rules.isList(name)) return notAList(name, operation)
      const before = overrides.get(name) ?? rules.valueWithoutOverride(name) ?? ''
      overrides.set(name, changedList(before, operation, value ?? ''))
    } else if (operation === ConfigOperation.set && value !== null) {
      overrides.set(name, value)
    } else {
      overrides.delete(name)
    }
    touched.push(name)
  }
  return outcome(resource, current, overrides, touched, rules)
}

/** Makes `wanted` all of the overrides of a resource: what is not named goes back to its default. */
export function replaceConfigs(
  resource: ConfigResource,
  current: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
  rules: ConfigRules,
): ConfigOutcome {
  const touched = [...wanted.keys(), ...[...current.keys()].filter((name) => !wanted.has(name))]
  return outcome(resource, current, wanted, touched, rules)
}

function outcome(
  resource: ConfigResource,
  current: ReadonlyMap<string, string>,
  overrides: ReadonlyMap<string, string>,
  touched: readonly string[],
  rules: ConfigRules,
): ConfigOutcome {
  const problem = rules.problem(overrides)
  if (problem !== undefined) return refuse(ErrorCode.INVALID_CONFIG, problem)
  // Kafka logs an unchanged value of a broker too: setting a password file's path again means "read it again".
  const always = resource.type === ConfigResourceType.broker
  const records = touched
    .filter((name) => always || current.get(name) !== overrides.get(name))
    .map((name) => configRecord(resource, name, overrides.get(name) ?? null))
  return { records, overrides }
}

export function configRecord(resource: ConfigResource, name: string, value: string | null): MetadataRecord {
  return { type: RecordType.config, value: { resourceType: resource.type, resourceName: resource.name, name, value } }
}

function notAList(name: string, operation: ConfigOperation): ConfigOutcome {
  const verb = operation === ConfigOperation.append ? 'APPEND' : 'SUBTRACT'
  return refuse(ErrorCode.INVALID_CONFIG, `Can't ${verb} to key ${name} because its type is not LIST.`)
}

function changedList(before: string, operation: ConfigOperation, value: string): string {
  const present = elementsOf(before)
  const given = elementsOf(value)
  const after =
    operation === ConfigOperation.append
      ? new Set([...present, ...given])
      : present.filter((element) => !given.includes(element))
  return [...after].join(',')
}

function elementsOf(list: string): string[] {
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}
