import type { Logger } from '../base/logger.ts'
import type { Slab } from '../native/slab.ts'
import type { CloseReason, ConnectionInfo, Transport, TransportHandler } from '../native/transport.ts'
import { DecodeError, decodeRequestHeader, Reader, type RequestHeader } from '../protocol/index.ts'
import { Connection } from './connection.ts'
import { ResponseSink } from './response-sink.ts'

/** What became of a dispatched request. */
export const Dispatched = {
  /** Answered, or needs no answer. */
  answered: 0,
  /** Exclusive and not answered yet; the router calls `RequestServer.unpark`. */
  parked: 1,
  /** Queued on the connection as an OrderedAnswer. */
  overlapping: 2,
  /** Cannot be served: the connection is closed, as Kafka does for unknown keys and undecodable bodies. */
  refused: 3,
} as const
export type Dispatched = (typeof Dispatched)[keyof typeof Dispatched]

/** Where requests go. Implemented by the broker. */
export interface RequestRouter {
  /** True for requests that may overlap others of their kind on one connection (Produce). */
  mayOverlap(apiKey: number): boolean
  /** `reader` stands at the body and is reused after the call; `slab` holds its bytes (pin it to keep them). */
  dispatch(connection: Connection, header: RequestHeader, reader: Reader, slab: Slab): Dispatched
  /** All frames of the turn were dispatched: write, commit, wake. May be called several times a turn. */
  endTurn(): void
  /** A file region of an answer could not be sent; its connection closes. */
  regionFailed(path: string, position: number, byteLength: number): void
  /** True when `endTurn` has work to do. */
  readonly hasTurnWork: boolean
}

/**
 * Frames in, ordered answers out: the transport's handler. Keeps one Connection
 * per client, decodes request headers, applies the rule of order (see
 * Connection) and hands requests to the router. Whatever a peer sends wrongly
 * closes that connection and no other, with one log line that names the reason.
 */
export class RequestServer implements TransportHandler {
  readonly sink: ResponseSink
  readonly #transport: Transport
  readonly #router: RequestRouter
  readonly #logger: Logger
  readonly #connections = new Map<number, Connection>()
  readonly #reader = new Reader()
  /** Connections whose held frames may start now. */
  #resumable: Connection[] = []
  #inTurn = false
  #draining = false

  constructor(options: { transport: Transport; router: RequestRouter; logger: Logger }) {
    this.#transport = options.transport
    this.#router = options.router
    this.#logger = options.logger
    this.sink = new ResponseSink(options.transport)
  }

  /** Frames are being handed over or a turn is being ended: what becomes ready now leaves with it. */
  get inTurn(): boolean {
    return this.#inTurn
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Connections with requests in progress, or with answers that the kernel has not taken yet. */
  get busyCount(): number {
    let count = 0
    for (const connection of this.#connections.values()) {
      if (!connection.isQuiet || this.#transport.outputPending(connection.id) > 0) count++
    }
    return count
  }

  /** The broker stops: what was read is served, nothing more is read. Call `flush` when done. */
  drain(): void {
    this.#draining = true
    for (const connection of this.#connections.values()) this.#setPaused(connection, true)
  }

  onOpen(id: number, info: ConnectionInfo): void {
    const connection = new Connection(id, info)
    this.#connections.set(id, connection)
    if (this.#draining) this.#setPaused(connection, true)
  }

  onClose(id: number, reason: CloseReason, detail: string): void {
    const connection = this.#connections.get(id)
    if (connection === undefined) return
    this.#connections.delete(id)
    connection.abandon()
    if (reason === 'peer' || reason === 'local') return
    this.#logger.info({ ...describe(connection), reason, detail }, 'connection closed')
  }

  onRegionFailed(id: number, path: string, position: number, byteLength: number, error: string): void {
    const connection = this.#connections.get(id)
    const client = connection === undefined ? {} : describe(connection)
    this.#logger.error({ ...client, path, position, byteLength, error }, 'a file region could not be sent')
    this.#router.regionFailed(path, position, byteLength)
  }

  onPeerEnd(id: number): void {
    const connection = this.#connections.get(id)
    if (connection === undefined) return
    connection.peerEnded = true
    connection.waiting?.peerEnded()
    if (connection.isQuiet) this.#transport.closeAfterOutput(id)
  }

  onFrame(id: number, slab: Slab, offset: number, byteLength: number): void {
    const connection = this.#connections.get(id)
    // While draining, a frame that was on its way is dropped: its client sees the connection close and tries elsewhere.
    if (connection === undefined || this.#draining) return
    this.#inTurn = true
    if (this.#mustWait(connection, slab, offset, byteLength)) {
      connection.hold(slab, offset, byteLength)
      this.#setPaused(connection, true)
      connection.waiting?.othersWait()
    } else {
      this.#dispatch(connection, slab, offset, byteLength)
    }
  }

  onTurnEnd(): void {
    this.#finishTurn()
  }

  /** The exclusive request of this connection has been answered (or dropped). */
  unpark(connection: Connection): void {
    connection.unparked()
    this.#resume(connection)
  }

  /** Some answers of this connection became ready. Outside a turn, call `flush` when done. */
  overlappingReady(connection: Connection): void {
    let moved: boolean
    try {
      moved = connection.sendReady()
    } catch (error) {
      return this.failed(connection, error)
    }
    if (moved) this.#resume(connection)
  }

  /** A programmer's error while serving a connection: it is logged, and costs that connection and no other. */
  failed(connection: Connection, error: unknown): void {
    this.sink.abandon()
    this.#logger.error({ ...describe(connection), error: String(error), stack: stackOf(error) }, 'a request failed')
    this.refuse(connection, 'internal error while serving a request')
  }

  /** Closes a connection for what its peer did. */
  refuse(connection: Connection, why: string): void {
    if (!connection.open) return
    this.#logger.warn({ ...describe(connection), why }, 'closing connection')
    connection.abandon()
    this.#connections.delete(connection.id)
    this.#transport.closeNow(connection.id)
  }

  /** Ends work done outside a turn: starts held frames that may start now, sends what is queued. */
  flush(): void {
    if (this.#inTurn) return
    this.#finishTurn()
    this.#transport.flush()
  }

  /** What throws here is a fault of the logs and surfaces; later turns run nevertheless. */
  #finishTurn(): void {
    this.#inTurn = true
    try {
      do {
        if (this.#router.hasTurnWork) this.#router.endTurn()
        if (this.#resumable.length > 0) this.#dispatchHeld()
      } while (this.#router.hasTurnWork || this.#resumable.length > 0)
    } finally {
      this.#inTurn = false
    }
  }

  #mustWait(connection: Connection, slab: Slab, offset: number, byteLength: number): boolean {
    if (connection.parked || connection.heldCount > 0) return true
    if (connection.overlapping === 0 || byteLength < 2) return false
    return !this.#router.mayOverlap(slab.bytes.readInt16BE(offset))
  }

  #dispatch(connection: Connection, slab: Slab, offset: number, byteLength: number): void {
    const reader = this.#reader
    reader.reset(slab.bytes, offset, offset + byteLength)
    let outcome: Dispatched
    try {
      const header = decodeRequestHeader(reader)
      connection.clientId = header.clientId
      outcome = this.#router.dispatch(connection, header, reader, slab)
    } catch (error) {
      if (!(error instanceof DecodeError)) return this.failed(connection, error)
      this.sink.abandon()
      return this.refuse(connection, `undecodable request: ${error.message}`)
    }
    if (outcome === Dispatched.parked) connection.parked = true
    else if (outcome === Dispatched.answered && connection.peerEnded) this.#resume(connection)
  }

  #resume(connection: Connection): void {
    if (!connection.open) return
    if (connection.heldCount > 0) this.#resumable.push(connection)
    else if (connection.paused) this.#setPaused(connection, false)
    if (connection.peerEnded && connection.isQuiet) this.#transport.closeAfterOutput(connection.id)
  }

  #dispatchHeld(): void {
    const resumable = this.#resumable
    this.#resumable = []
    for (const connection of resumable) {
      while (connection.open && connection.heldCount > 0 && !connection.parked) {
        if (connection.overlapping > 0 && !this.#nextHeldMayOverlap(connection)) break
        const frame = connection.takeHeld()
        this.#dispatch(connection, frame.slab, frame.offset, frame.byteLength)
        frame.slab.release()
      }
      if (connection.open && connection.heldCount === 0) this.#resume(connection)
    }
  }

  #nextHeldMayOverlap(connection: Connection): boolean {
    const frame = connection.peekHeld()
    return frame.byteLength >= 2 && this.#router.mayOverlap(frame.slab.bytes.readInt16BE(frame.offset))
  }

  #setPaused(connection: Connection, paused: boolean): void {
    if (connection.paused === paused || (this.#draining && !paused)) return
    connection.paused = paused
    this.#transport.setPaused(connection.id, paused)
  }
}

function describe(connection: Connection): { client: string; clientId: string | null } {
  return { client: `${connection.info.remoteAddress}:${connection.info.remotePort}`, clientId: connection.clientId }
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}
