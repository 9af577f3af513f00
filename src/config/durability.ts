import { type CommitPolicy, DurabilityPolicy } from '../base/commit.ts'
import { type BrokerConfig, type ConfigLevel, configLevels } from './broker-config.ts'

/** What an acknowledgement of a topic means now, and which setting decided it. */
export interface DurabilitySetting extends CommitPolicy {
  /** For people: "default", "topic config flush.messages=1", "durability=os from server.properties line 3". */
  readonly origin: string
}

/** Under `interval` when no flush.ms says otherwise, ms. */
export const INTERVAL_FLUSH_MS_DEFAULT = 1000

/** The three keys at one level; undefined where the level does not set them. */
interface LevelKeys {
  readonly durability: string | undefined
  readonly flushMs: number | undefined
  readonly flushMessages: number | undefined
  /** Of a key, for the origin. */
  place(key: 'durability' | 'flushMs' | 'flushMessages'): string
}

const NEVER = Number.POSITIVE_INFINITY

/**
 * Which policy holds. Levels from the most specific: the topic's own config, the
 * broker's dynamic config, the cluster default, and what the broker was started
 * with (flags, environment and file together). The first level that sets any of
 * the three keys decides alone; in it `durability` beats `flush.*`:
 *   flush.messages=1 or flush.ms=0 -> always; flush.ms=N -> interval;
 *   flush.messages=N -> the append that completes N waits, os otherwise.
 * Kafka's maximum means `os` when a topic sets it. At broker level it is only
 * Kafka's own default written out, and counts as not set: a pasted
 * server.properties must not take `always` away without a word.
 */
export function resolveDurability(
  topicOverrides: ReadonlyMap<string, string>,
  broker: BrokerConfig,
): DurabilitySetting {
  const topic = topicKeys(topicOverrides)
  const brokers = configLevels.map((level) => brokerKeys(broker, level))
  const decided = decide(topic, brokers) ?? topicMaximum(topic)
  if (decided !== undefined) return decided
  for (const [index, level] of brokers.entries()) {
    const setting = decide(level, brokers.slice(index + 1))
    if (setting !== undefined) return setting
  }
  return { durability: DurabilityPolicy.always, flushMs: NEVER, flushMessages: NEVER, origin: 'default' }
}

function decide(level: LevelKeys, below: readonly LevelKeys[]): DurabilitySetting | undefined {
  if (level.durability !== undefined) {
    const durability = asPolicy(level.durability)
    const flushMs = durability === DurabilityPolicy.interval ? intervalOf([level, ...below]) : NEVER
    return { durability, flushMs, flushMessages: NEVER, origin: level.place('durability') }
  }
  const flushMs = finite(level.flushMs)
  const flushMessages = finite(level.flushMessages)
  if (flushMessages === 1 || flushMs === 0) {
    const origin = level.place(flushMessages === 1 ? 'flushMessages' : 'flushMs')
    return { durability: DurabilityPolicy.always, flushMs: NEVER, flushMessages: NEVER, origin }
  }
  if (flushMs !== undefined) {
    return {
      durability: DurabilityPolicy.interval,
      flushMs,
      flushMessages: flushMessages ?? NEVER,
      origin: level.place('flushMs'),
    }
  }
  if (flushMessages === undefined) return undefined
  return { durability: DurabilityPolicy.os, flushMs: NEVER, flushMessages, origin: level.place('flushMessages') }
}

function topicMaximum(topic: LevelKeys): DurabilitySetting | undefined {
  if (topic.flushMessages === undefined && topic.flushMs === undefined) return undefined
  const origin = topic.place(topic.flushMessages === undefined ? 'flushMs' : 'flushMessages')
  return { durability: DurabilityPolicy.os, flushMs: NEVER, flushMessages: NEVER, origin }
}

function topicKeys(overrides: ReadonlyMap<string, string>): LevelKeys {
  const names = { durability: 'durability', flushMs: 'flush.ms', flushMessages: 'flush.messages' }
  return {
    durability: overrides.get(names.durability)?.trim(),
    flushMs: asNumber(overrides.get(names.flushMs)),
    flushMessages: asNumber(overrides.get(names.flushMessages)),
    place: (key) => `topic config ${names[key]}=${overrides.get(names[key])}`,
  }
}

function brokerKeys(broker: BrokerConfig, level: ConfigLevel): LevelKeys {
  const settings = {
    durability: broker.atLevel('durability', level),
    flushMs: broker.atLevel('log.flush.interval.ms', level) ?? broker.atLevel('log.flush.scheduler.interval.ms', level),
    flushMessages: broker.atLevel('log.flush.interval.messages', level),
  }
  return {
    durability: settings.durability?.text ?? undefined,
    flushMs: asNumber(settings.flushMs?.text),
    flushMessages: asNumber(settings.flushMessages?.text),
    place: (key) => settings[key]?.detail ?? 'default',
  }
}

function intervalOf(levels: readonly LevelKeys[]): number {
  for (const level of levels) {
    const flushMs = finite(level.flushMs)
    if (flushMs !== undefined && flushMs > 0) return flushMs
  }
  return INTERVAL_FLUSH_MS_DEFAULT
}

function asPolicy(text: string): DurabilityPolicy {
  return text === DurabilityPolicy.os || text === DurabilityPolicy.interval ? text : DurabilityPolicy.always
}

/** Beyond 2^53 is Kafka's "no limit". */
function asNumber(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : NEVER
}

function finite(value: number | undefined): number | undefined {
  return value === NEVER ? undefined : value
}
