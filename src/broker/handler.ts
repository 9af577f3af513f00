import type { Clock } from '../base/clock.ts'
import type { ProducerId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import type { BrokerConfig } from '../config/index.ts'
import type { MetadataEngine } from '../metadata/index.ts'
import type { Message } from '../protocol/index.ts'
import type { PartitionRegistry } from './partition-registry.ts'

/**
 * One API of the broker: what it decodes, what it answers, and how. A handler
 * file exports one of these; `handlers/index.ts` lists them all and is what
 * ApiVersions advertises. `handle` may answer at once or by a promise; the
 * connection keeps answers in order either way. A thrown error is a programmer's
 * error: it is logged and the connection is closed.
 */
export interface Handler<Request, Response> {
  readonly key: number
  /** Versions served, inclusive. */
  readonly versions: readonly [number, number]
  readonly request: Message<Request>
  readonly response: Message<Response>
  handle(
    services: BrokerServices,
    request: Request,
    context: RequestContext,
  ): Response | EncodedAnswer | Promise<Response | EncodedAnswer>
}

/** A response that its handler has encoded, in the version that was asked, because that takes more than one turn. */
export class EncodedAnswer {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

export interface RequestContext {
  readonly connection: number
  /** Index into `services.listeners`: where this connection was accepted. */
  readonly listener: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly remoteAddress: string
}

/** What handlers may reach. Built once by the broker's lifecycle. */
export interface BrokerServices {
  readonly config: BrokerConfig
  readonly metadata: MetadataEngine
  readonly partitions: PartitionRegistry
  readonly clock: Clock
  readonly logger: Logger
  readonly clusterId: string
  readonly nodeId: number
  /** New producer ids, unique for ever; blocks are persisted before use. */
  readonly producerIds: ProducerIdSource
  /** Advertised addresses, by listener index. */
  readonly listeners: readonly AdvertisedListener[]
}

export interface ProducerIdSource {
  next(): Promise<ProducerId>
}

export interface AdvertisedListener {
  readonly name: string
  readonly host: string
  readonly port: number
}
