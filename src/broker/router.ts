import type { Slab } from '../native/slab.ts'
import type { Transport } from '../native/transport.ts'
import { type Connection, Dispatched, type RequestRouter, type RequestServer, type ResponseSink } from '../net/index.ts'
import { DecodeError, decode, encode, type Reader, type RequestHeader } from '../protocol/index.ts'
import type { FetchPath } from './fetch-path.ts'
import { type BrokerServices, EncodedAnswer, type Handler, type RequestContext } from './handler.ts'
import { API_VERSIONS_KEY, answerUnsupportedApiVersions } from './handlers/18-api-versions.ts'
import type { ProducePath } from './produce-path.ts'
import { type ApiRange, FETCH_KEY, PRODUCE_KEY, SERVED_PATHS } from './served-apis.ts'
import type { Turn } from './turn.ts'

/** What ends a turn for the logs: one write for each log that got batches. */
export interface TurnFlusher {
  flushTurn(): void
}

/**
 * From request headers to handlers. Produce and Fetch have paths of their own;
 * every other API is a Handler from `handlers/index.ts`. Whatever is not served
 * closes the connection, as Kafka does; only ApiVersions explains itself.
 */
export class Router implements RequestRouter {
  readonly #handlers: Map<number, Handler<never, unknown>>
  readonly #services: BrokerServices
  readonly #produce: ProducePath
  readonly #fetch: FetchPath
  readonly #turn: Turn
  readonly #logs: TurnFlusher
  readonly #transport: Transport
  #server: RequestServer | undefined

  constructor(options: {
    handlers: readonly Handler<never, unknown>[]
    services: BrokerServices
    produce: ProducePath
    fetch: FetchPath
    turn: Turn
    logs: TurnFlusher
    transport: Transport
  }) {
    this.#handlers = new Map(options.handlers.map((handler) => [handler.key, handler]))
    this.#services = options.services
    this.#produce = options.produce
    this.#fetch = options.fetch
    this.#turn = options.turn
    this.#logs = options.logs
    this.#transport = options.transport
  }

  attach(server: RequestServer): void {
    this.#server = server
  }

  mayOverlap(apiKey: number): boolean {
    return apiKey === PRODUCE_KEY
  }

  get hasTurnWork(): boolean {
    return this.#turn.hasWork
  }

  dispatch(connection: Connection, header: RequestHeader, reader: Reader, slab: Slab): Dispatched {
    const { apiKey, apiVersion } = header
    if (apiKey === PRODUCE_KEY && isServed(SERVED_PATHS.produce, apiVersion)) {
      if (!connection.producing) {
        connection.producing = true
        this.#transport.setProducing(connection.id)
      }
      return this.#produce.dispatch(connection, header, reader, slab)
    }
    if (apiKey === FETCH_KEY && isServed(SERVED_PATHS.fetch, apiVersion)) {
      return this.#fetch.dispatch(connection, header, reader)
    }
    const handler = this.#handlers.get(apiKey)
    if (handler !== undefined && apiVersion >= handler.versions[0] && apiVersion <= handler.versions[1]) {
      return this.#handle(handler, connection, header, reader)
    }
    if (apiKey === API_VERSIONS_KEY) {
      answerUnsupportedApiVersions(this.#expectServer().sink, connection.id, header.correlationId)
      return Dispatched.answered
    }
    this.#expectServer().refuse(connection, `API key ${apiKey} version ${apiVersion} is not served`)
    return Dispatched.refused
  }

  regionFailed(path: string, position: number, byteLength: number): void {
    this.#fetch.regionFailed(path, position, byteLength)
  }

  endTurn(): void {
    const turn = this.#turn
    if (turn.appended) {
      turn.appended = false
      this.#logs.flushTurn()
      this.#produce.afterFlush()
    }
    const server = this.#expectServer()
    for (const connection of turn.takeConnections()) {
      server.overlappingReady(connection)
      if (connection.closeReason !== undefined) server.refuse(connection, connection.closeReason)
    }
    for (const waiter of turn.takeWoken()) waiter.recheck()
  }

  #handle(handler: Handler<never, unknown>, connection: Connection, header: RequestHeader, reader: Reader): Dispatched {
    const request = decode(handler.request, reader, header.apiVersion)
    if (reader.position !== reader.end)
      throw new DecodeError(`${reader.end - reader.position} bytes follow the request`)
    const context: RequestContext = {
      connection: connection.id,
      listener: connection.info.listener,
      apiVersion: header.apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      remoteAddress: connection.info.remoteAddress,
    }
    const response = handler.handle(this.#services, request, context)
    if (!(response instanceof Promise)) {
      this.#send(handler, connection, context, response)
      return Dispatched.answered
    }
    void this.#answerLater(handler, connection, context, response)
    return Dispatched.parked
  }

  async #answerLater(
    handler: Handler<never, unknown>,
    connection: Connection,
    context: RequestContext,
    response: Promise<unknown>,
  ): Promise<void> {
    const server = this.#expectServer()
    try {
      this.#send(handler, connection, context, await response)
      server.unpark(connection)
    } catch (error) {
      server.failed(connection, error)
    }
    server.flush()
  }

  #send(handler: Handler<never, unknown>, connection: Connection, context: RequestContext, response: unknown): void {
    if (!connection.open) return
    const sink = this.#expectServer().sink
    sink.begin(connection.id, handler.key, context.apiVersion, context.correlationId)
    if (response instanceof EncodedAnswer) copyInto(sink, response.bytes)
    else encode(handler.response, sink, context.apiVersion, response)
    sink.end()
  }

  #expectServer(): RequestServer {
    if (this.#server === undefined) throw new Error('the router has no server yet')
    return this.#server
  }
}

function copyInto(sink: ResponseSink, bytes: Buffer): void {
  sink.reserve(bytes.length)
  bytes.copy(sink.bytes, sink.position)
  sink.position += bytes.length
}

function isServed(range: ApiRange, version: number): boolean {
  return version >= range.servedFrom && version <= range.versions[1]
}
