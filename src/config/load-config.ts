import { BrokerConfig } from './broker-config.ts'
import { type BrokerConfigName, brokerConfigNames, brokerDefinitions, isBrokerConfig } from './broker-definitions.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { ConfigOrigin, type ConfigSetting } from './config-origin.ts'
import { checkValue, splitList } from './config-value.ts'
import { ConfigEffect, ConfigType } from './definition.ts'
import { parseEnvironment } from './environment.ts'
import { isKafkaName } from './kafka-names.ts'
import { parseListeners } from './listeners.ts'
import type { FileEntry } from './server-properties.ts'
import { closestName } from './spelling.ts'
import { isTopicConfig, synonymsOf } from './topic-config.ts'

/** The layers, weakest first: defaults, file, environment, flags. */
export interface ConfigSources {
  readonly file?: { readonly path: string; readonly entries: readonly FileEntry[] }
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly flags?: readonly { readonly name: string; readonly value: string; readonly flag: string }[]
}

export interface LoadedConfig {
  readonly config: BrokerConfig
  /** Keys that nobody knows, with the likely intended one. */
  readonly unknown: readonly string[]
  /** Keys of Kafka that were set and change nothing here. */
  readonly withoutEffect: readonly string[]
  /** Values that were replaced, and settings that deserve a look. */
  readonly notes: readonly string[]
}

interface Draft {
  readonly settings: Map<BrokerConfigName, ConfigSetting>
  readonly unknown: Set<string>
  readonly withoutEffect: Set<string>
  readonly notes: string[]
  readonly problems: ConfigProblem[]
}

/** Merges the layers into a BrokerConfig. Throws ConfigError with everything that is wrong. */
export function loadBrokerConfig(sources: ConfigSources): LoadedConfig {
  const draft: Draft = {
    settings: new Map(),
    unknown: new Set(),
    withoutEffect: new Set(),
    notes: [],
    problems: [],
  }
  for (const { name, value, line } of sources.file?.entries ?? []) {
    add(draft, name, { text: value, origin: ConfigOrigin.file, detail: `${sources.file?.path} line ${line}` })
  }
  for (const { name, value, variable } of parseEnvironment(sources.environment ?? {})) {
    add(draft, name, { text: value, origin: ConfigOrigin.environment, detail: `environment variable ${variable}` })
  }
  for (const { name, value, flag } of sources.flags ?? []) {
    add(draft, name, { text: value, origin: ConfigOrigin.flag, detail: `flag ${flag}` })
  }
  checkValues(draft)
  applyFixed(draft)
  checkTogether(draft)
  if (draft.problems.length > 0) throw new ConfigError(draft.problems)
  return {
    config: new BrokerConfig(draft.settings),
    unknown: [...draft.unknown],
    withoutEffect: [...draft.withoutEffect],
    notes: draft.notes,
  }
}

/** A configuration from plain values, for embedding and tests. Throws ConfigError; an unknown name is an error here. */
export function brokerConfig(values: Readonly<Record<string, string | number | boolean>> = {}): BrokerConfig {
  const flags = Object.entries(values).map(([name, value]) => ({ name, value: String(value), flag: name }))
  const { config, unknown } = loadBrokerConfig({ flags })
  if (unknown.length === 0) return config
  const fix = 'Check the spelling against docs/CONFIGURATION.md'
  throw new ConfigError(unknown.map((what) => ({ what, why: 'there is no such broker config', fix })))
}

function add(draft: Draft, name: string, setting: ConfigSetting): void {
  if (!isBrokerConfig(name)) {
    if (isKafkaName(name)) draft.withoutEffect.add(name)
    else draft.unknown.add(`${name} (${setting.detail}${suggestion(name)})`)
    return
  }
  // The kernel of precedence: a later layer replaces an earlier one, and moves to the end of the order.
  draft.settings.delete(name)
  draft.settings.set(name, setting)
  if (brokerDefinitions[name].effect === ConfigEffect.accepted) draft.withoutEffect.add(name)
}

function suggestion(name: string): string {
  if (isTopicConfig(name)) {
    const [synonym] = synonymsOf(name)
    if (synonym !== undefined) return `; for all topics it is ${synonym.name}`
  }
  const closest = closestName(name, brokerConfigNames)
  return closest === undefined ? '' : `; did you mean ${closest}?`
}

function checkValues(draft: Draft): void {
  for (const [name, setting] of draft.settings) {
    const definition = brokerDefinitions[name]
    const why = checkValue(definition, setting.text ?? '')
    if (why === undefined) continue
    const shown = definition.type === ConfigType.password ? 'its value' : `"${setting.text}"`
    draft.problems.push({
      what: `${name}=${shown} (${setting.detail})`,
      why: `it ${why}`,
      fix:
        definition.defaultText === null || definition.defaultText === ''
          ? 'Correct it, or leave it out'
          : `Correct it, or leave it out for the default ${definition.defaultText}`,
    })
  }
}

function applyFixed(draft: Draft): void {
  for (const [name, setting] of draft.settings) {
    const definition = brokerDefinitions[name]
    if (definition.effect !== ConfigEffect.fixed || setting.text?.trim() === definition.defaultText) continue
    draft.settings.set(name, { text: definition.defaultText, origin: ConfigOrigin.fixed, detail: 'one machine' })
    draft.notes.push(`${name}=${setting.text} (${setting.detail}) is ${definition.defaultText}: there is one broker`)
  }
}

function checkTogether(draft: Draft): void {
  if (draft.problems.length > 0) return
  const text = (name: BrokerConfigName) => draft.settings.get(name)?.text ?? brokerDefinitions[name].defaultText ?? ''
  const { problems } = parseListeners({
    listeners: splitList(text('listeners')),
    advertised: splitList(text('advertised.listeners')),
    protocolMap: splitList(text('listener.security.protocol.map')),
    controllerNames: splitList(text('controller.listener.names')),
  })
  draft.problems.push(...problems)
  checkDirectories(draft)
  checkNodeId(draft)
  const queuedBytes = Number(text('queued.max.request.bytes'))
  if (queuedBytes > 0 && queuedBytes < Number(text('socket.request.max.bytes'))) {
    draft.problems.push({
      what: `queued.max.request.bytes=${queuedBytes}`,
      why: `one request may have socket.request.max.bytes=${text('socket.request.max.bytes')} bytes and would never fit`,
      fix: 'Raise the first or lower the second',
    })
  }
  if (Number(text('min.insync.replicas')) > 1) {
    draft.notes.push(
      `min.insync.replicas=${text('min.insync.replicas')}: there is one replica, so producers with acks=all will be refused`,
    )
  }
}

function checkDirectories(draft: Draft): void {
  const setting = draft.settings.get('log.dirs') ?? draft.settings.get('log.dir')
  const count = splitList(setting?.text ?? '').length
  if (setting === undefined || count === 1) return
  draft.problems.push({
    what: `log.dirs=${setting.text} (${setting.detail})`,
    why: count === 0 ? 'the data directory is empty' : 'Sluice keeps all partitions in one directory',
    fix: 'Name one directory; several disks can be joined below it by RAID or LVM',
  })
}

function checkNodeId(draft: Draft): void {
  const nodeId = draft.settings.get('node.id')?.text
  const brokerId = draft.settings.get('broker.id')?.text
  if (nodeId == null || brokerId == null || Number(brokerId) < 0 || Number(nodeId) === Number(brokerId)) return
  draft.problems.push({
    what: `node.id=${nodeId} and broker.id=${brokerId}`,
    why: 'they are two names of one number',
    fix: 'Keep node.id',
  })
}
