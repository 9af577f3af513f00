import type { BoundListener, RunningBroker } from '../broker/index.ts'
import { type BrokerConfig, type DurabilitySetting, formatHost } from '../config/index.ts'

/** Everything a person should know about a broker that has just started. */
export interface StartFacts {
  readonly version: string
  readonly config: BrokerConfig
  readonly broker: RunningBroker
  /** From process start until connections are accepted. */
  readonly startedMs: number
}

/** The lines printed on a terminal. */
export function startBanner({ version, config, broker, startedMs }: StartFacts): string {
  const rows = [
    ...broker.listeners.map((listener): [string, string] => ['listening', listenerText(listener)]),
    ['data', `${config.logDirectory} (${broker.partitionCount} partitions)`],
    ['durability', `${durabilityText(broker.durability)} (${broker.durability.origin})`],
    ['I/O', `${broker.ioMode.mode}: ${broker.ioMode.reason}`],
  ]
  const head = `Sluice ${version} is ready after ${Math.round(startedMs)} ms; cluster ${broker.clusterId}, node ${config.nodeId}`
  return [head, ...rows.map(([label, text]) => `  ${label?.padEnd(11)} ${text}`), ''].join('\n')
}

/** The same as fields, for a structured log. */
export function startFields({ version, config, broker, startedMs }: StartFacts): object {
  return {
    version,
    startedMs: Math.round(startedMs),
    clusterId: broker.clusterId,
    nodeId: config.nodeId,
    listeners: broker.listeners,
    dataDirectory: config.logDirectory,
    partitions: broker.partitionCount,
    durability: broker.durability.durability,
    durabilityFrom: broker.durability.origin,
    ioMode: broker.ioMode.mode,
    ioModeReason: broker.ioMode.reason,
  }
}

/** What an operator may not have meant. */
export function startWarnings({ broker }: StartFacts): string[] {
  const warnings: string[] = []
  for (const listener of broker.listeners) {
    if (!listener.isWildcard) continue
    warnings.push(
      `${listener.name} accepts from every network (${formatHost(listener.host)}:${listener.port}), and there is no ` +
        'authentication yet: anyone who can reach it can read, write and delete. Bind 127.0.0.1, or firewall it',
    )
  }
  if (broker.durability.durability !== 'always') {
    const origin = `${broker.durability.origin} made durability ${broker.durability.durability}`
    warnings.push(`${origin}: a power cut or kernel crash can lose records that were acknowledged`)
  }
  if (broker.ioMode.mode === 'portable') warnings.push(`portable I/O is slower: ${broker.ioMode.reason}`)
  return warnings
}

export function durabilityText({ durability, flushMs, flushMessages }: DurabilitySetting): string {
  switch (durability) {
    case 'always':
      return 'always: an acknowledgement waits until the disk has the data'
    case 'interval':
      return `interval: acknowledged from the page cache, synced within ${flushMs} ms`
    case 'os': {
      const every = Number.isFinite(flushMessages) ? `, a sync every ${flushMessages} records` : ''
      return `os: acknowledged from the page cache, written back when the kernel likes${every}`
    }
  }
}

function listenerText(listener: BoundListener): string {
  const bound = `${formatHost(listener.host)}:${listener.port}`
  const told = `${formatHost(listener.advertisedHost)}:${listener.advertisedPort}`
  return told === bound ? `${listener.name} ${bound}` : `${listener.name} ${bound} (clients are told ${told})`
}
