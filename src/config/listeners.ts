import { hostname } from 'node:os'
import type { ConfigProblem } from './config-error.ts'

/** One address to accept on, and what its clients are told. */
export interface ListenerConfig {
  /** Upper case, as Kafka normalizes it. */
  readonly name: string
  /** Without brackets; '' became '::' (every interface). */
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly securityProtocol: string
  readonly isWildcard: boolean
  readonly advertisedHost: string
  /** undefined: the port that was bound. */
  readonly advertisedPort: number | undefined
}

export interface ListenerSources {
  readonly listeners: readonly string[]
  readonly advertised: readonly string[]
  readonly protocolMap: readonly string[]
  readonly controllerNames: readonly string[]
}

interface Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

const EVERY_INTERFACE = '::'

/**
 * Reads `listeners`, `advertised.listeners` and the protocol map together.
 * Listeners of the controller are left out. Wrong input becomes problems, never
 * an exception; `listeners` is meaningful when there are none.
 */
export function parseListeners(sources: ListenerSources): {
  readonly listeners: readonly ListenerConfig[]
  readonly problems: readonly ConfigProblem[]
} {
  const problems: ConfigProblem[] = []
  const controllers = new Set(sources.controllerNames.map((name) => name.toUpperCase()))
  const isOurs = (endpoint: Endpoint) => !controllers.has(endpoint.name)
  const bound = parseEndpoints('listeners', sources.listeners, problems).filter(isOurs)
  const advertised = parseEndpoints('advertised.listeners', sources.advertised, problems).filter(isOurs)
  const protocols = parseProtocolMap(sources.protocolMap, problems)
  if (bound.length === 0 && problems.length === 0) {
    problems.push({
      what: 'listeners',
      why: 'there is no listener for clients: every entry belongs to controller.listener.names',
      fix: 'Add one, such as PLAINTEXT://127.0.0.1:9092',
    })
  }
  checkUnique(bound, problems)
  checkAdvertised(bound, advertised, problems)
  const listeners = bound.map((endpoint) => complete(endpoint, advertised, protocols, problems))
  return { listeners, problems }
}

/** `NAME://host:port` with an IPv6 address in brackets; undefined when it is not that. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.%a-z]*)\]|([^:/[\]]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[4])
  if (port > 65_535) return undefined
  return { name: match[1]!.toUpperCase(), host: match[2] ?? match[3] ?? '', port }
}

export function isWildcardHost(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

/** A host as it stands in an address: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function parseEndpoints(key: string, texts: readonly string[], problems: ConfigProblem[]): Endpoint[] {
  const endpoints: Endpoint[] = []
  for (const text of texts) {
    const endpoint = parseEndpoint(text)
    if (endpoint !== undefined) endpoints.push(endpoint)
    else {
      problems.push({
        what: `${key}: "${text}"`,
        why: 'an entry is NAME://host:port with a port from 0 to 65535',
        fix: 'Write it like PLAINTEXT://127.0.0.1:9092 or PLAINTEXT://[::1]:9092',
      })
    }
  }
  return endpoints
}

function parseProtocolMap(texts: readonly string[], problems: ConfigProblem[]): Map<string, string> {
  const protocols = new Map<string, string>()
  for (const text of texts) {
    const [name, protocol, ...rest] = text.split(':')
    if (name && protocol && rest.length === 0) protocols.set(name.toUpperCase(), protocol.toUpperCase())
    else {
      problems.push({
        what: `listener.security.protocol.map: "${text}"`,
        why: 'an entry is NAME:PROTOCOL',
        fix: 'Write it like INTERNAL:PLAINTEXT',
      })
    }
  }
  return protocols
}

function checkUnique(bound: readonly Endpoint[], problems: ConfigProblem[]): void {
  const names = new Set<string>()
  const addresses = new Set<string>()
  for (const { name, host, port } of bound) {
    const address = `${formatHost(host)}:${port}`
    if (names.has(name)) {
      problems.push({
        what: `listeners: ${name}`,
        why: 'the name is used twice',
        fix: 'Give each listener its own name, and map it in listener.security.protocol.map',
      })
    }
    if (port !== 0 && addresses.has(address)) {
      problems.push({ what: `listeners: ${address}`, why: 'the address is used twice', fix: 'Give each its own port' })
    }
    names.add(name)
    addresses.add(address)
  }
}

function checkAdvertised(bound: readonly Endpoint[], advertised: readonly Endpoint[], problems: ConfigProblem[]): void {
  for (const { name, host } of advertised) {
    if (!bound.some((endpoint) => endpoint.name === name)) {
      problems.push({
        what: `advertised.listeners: ${name}`,
        why: 'there is no listener of that name',
        fix: `Use one of ${bound.map((endpoint) => endpoint.name).join(', ')}, or add it to listeners`,
      })
    }
    if (isWildcardHost(host)) {
      problems.push({
        what: `advertised.listeners: ${name}`,
        why: `clients cannot connect to "${host}"`,
        fix: 'Name a host or address that they can reach',
      })
    }
  }
}

function complete(
  endpoint: Endpoint,
  advertised: readonly Endpoint[],
  protocols: ReadonlyMap<string, string>,
  problems: ConfigProblem[],
): ListenerConfig {
  const securityProtocol = protocols.get(endpoint.name)
  if (securityProtocol === undefined) {
    problems.push({
      what: `listeners: ${endpoint.name}`,
      why: 'its security protocol is not known',
      fix: `Add ${endpoint.name}:PLAINTEXT to listener.security.protocol.map`,
    })
  } else if (securityProtocol !== 'PLAINTEXT') {
    problems.push({
      what: `listeners: ${endpoint.name}`,
      why: `this version serves PLAINTEXT only, not ${securityProtocol}`,
      fix: 'Use PLAINTEXT on an address that only trusted hosts reach',
    })
  }
  const told = advertised.find((each) => each.name === endpoint.name)
  const isWildcard = isWildcardHost(endpoint.host)
  return {
    name: endpoint.name,
    host: endpoint.host === '' ? EVERY_INTERFACE : endpoint.host,
    port: endpoint.port,
    securityProtocol: securityProtocol ?? 'PLAINTEXT',
    isWildcard,
    advertisedHost: told?.host ?? (isWildcard ? hostname() : endpoint.host),
    advertisedPort: told === undefined || told.port === 0 ? undefined : told.port,
  }
}
