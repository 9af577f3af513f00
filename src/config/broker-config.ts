import path from 'node:path'
import { assert } from '../base/assert.ts'
import { type BrokerConfigName, brokerDefinitions, isBrokerConfig } from './broker-definitions.ts'
import { ConfigOrigin, type ConfigSetting } from './config-origin.ts'
import { type ConfigValue, parseValue, splitList } from './config-value.ts'
import { ConfigType } from './definition.ts'
import { type ListenerConfig, parseListeners } from './listeners.ts'

/** Overrides made at run time, as cluster metadata holds them. */
export interface DynamicConfig {
  /** Of this broker. */
  readonly broker: ReadonlyMap<string, string>
  /** Of all brokers (Kafka's `--entity-default`). */
  readonly clusterDefault: ReadonlyMap<string, string>
}

/** The levels of a broker's configuration, most specific first. Durability is decided level by level. */
export type ConfigLevel = typeof ConfigOrigin.dynamicBroker | typeof ConfigOrigin.dynamicDefault | 'static'
export const configLevels: readonly ConfigLevel[] = [ConfigOrigin.dynamicBroker, ConfigOrigin.dynamicDefault, 'static']

const NOTHING_DYNAMIC: DynamicConfig = { broker: new Map(), clusterDefault: new Map() }

/**
 * The configuration of one broker. Every value is legal: loading refuses the
 * rest. Static settings never change; dynamic ones are replaced as a whole by
 * `setDynamic`. Getters parse once and remember, but a hot path should still
 * keep what it needs in its own field.
 */
export class BrokerConfig {
  readonly #settings: ReadonlyMap<BrokerConfigName, ConfigSetting>
  readonly #parsed = new Map<BrokerConfigName, ConfigValue>()
  #dynamic = NOTHING_DYNAMIC
  /** In the order of `listeners`, without the controller's; the index is the listener's number everywhere. */
  readonly listeners: readonly ListenerConfig[]

  /** `settings` were checked by the loader. */
  constructor(settings: ReadonlyMap<BrokerConfigName, ConfigSetting>) {
    this.#settings = settings
    const parsed = parseListeners({
      listeners: this.list('listeners'),
      advertised: this.list('advertised.listeners'),
      protocolMap: splitList(this.string('listener.security.protocol.map')),
      controllerNames: this.list('controller.listener.names'),
    })
    assert(parsed.problems.length === 0, 'BrokerConfig: listeners must be checked before')
    this.listeners = parsed.listeners
  }

  get nodeId(): number {
    return this.explicit('node.id') === undefined && this.explicit('broker.id') !== undefined
      ? Math.max(0, this.number('broker.id'))
      : this.number('node.id')
  }

  /** Absolute. */
  get logDirectory(): string {
    const [directory] = [...this.list('log.dirs'), ...this.list('log.dir')]
    assert(directory !== undefined, 'BrokerConfig: the data directory must be checked before')
    return path.resolve(directory)
  }

  /** Memory for frames and output; always finite. */
  get queuedRequestBytesMax(): number {
    const bytes = this.number('queued.max.request.bytes')
    return bytes > 0 && Number.isFinite(bytes)
      ? bytes
      : Number(brokerDefinitions['queued.max.request.bytes'].defaultText)
  }

  number(name: BrokerConfigName): number {
    const value = this.value(name)
    assert(typeof value === 'number', `BrokerConfig: ${name} is not a number that is set`)
    return value
  }

  boolean(name: BrokerConfigName): boolean {
    const value = this.value(name)
    assert(typeof value === 'boolean', `BrokerConfig: ${name} is not a boolean`)
    return value
  }

  string(name: BrokerConfigName): string {
    const value = this.value(name)
    assert(typeof value === 'string', `BrokerConfig: ${name} is not a string that is set`)
    return value
  }

  /** Empty when not set. */
  list(name: BrokerConfigName): readonly string[] {
    const value = this.value(name)
    if (value === null) return []
    assert(Array.isArray(value), `BrokerConfig: ${name} is not a list`)
    return value
  }

  value(name: BrokerConfigName): ConfigValue {
    const known = this.#parsed.get(name)
    if (known !== undefined) return known
    const value = parseValue(brokerDefinitions[name], this.setting(name).text)
    this.#parsed.set(name, value)
    return value
  }

  /** The text in effect; null when not set and without a default. */
  get(name: BrokerConfigName): string | null {
    return this.setting(name).text
  }

  origin(name: BrokerConfigName): ConfigOrigin {
    return this.setting(name).origin
  }

  setting(name: BrokerConfigName): ConfigSetting {
    return (
      this.explicit(name) ?? {
        text: brokerDefinitions[name].defaultText,
        origin: ConfigOrigin.default,
        detail: 'default',
      }
    )
  }

  /** What was set, at any level; undefined when the default is in effect. */
  explicit(name: BrokerConfigName): ConfigSetting | undefined {
    for (const level of configLevels) {
      const setting = this.atLevel(name, level)
      if (setting !== undefined) return setting
    }
    return undefined
  }

  /** What one level says about a key; undefined when nothing. */
  atLevel(name: BrokerConfigName, level: ConfigLevel): ConfigSetting | undefined {
    if (level === 'static') return this.#settings.get(name)
    const layer = level === ConfigOrigin.dynamicBroker ? this.#dynamic.broker : this.#dynamic.clusterDefault
    const text = layer.get(name)
    return text === undefined ? undefined : { text, origin: level, detail: `${level} config ${name}` }
  }

  /** Replaces all run-time overrides. Unknown names are ignored: an older version may have stored them. */
  setDynamic(dynamic: DynamicConfig): void {
    this.#dynamic = { broker: knownOnly(dynamic.broker), clusterDefault: knownOnly(dynamic.clusterDefault) }
    this.#parsed.clear()
  }

  /** Names set statically, in the order of their layers. */
  staticNames(): BrokerConfigName[] {
    return [...this.#settings.keys()]
  }

  /** Whether a value may be shown. */
  isSensitive(name: BrokerConfigName): boolean {
    return brokerDefinitions[name].type === ConfigType.password
  }
}

function knownOnly(layer: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...layer].filter(([name]) => isBrokerConfig(name)))
}
