import type { DiskFile } from './disk.ts'
import type { Slab } from './slab.ts'

/**
 * The socket seam: accepts connections, cuts the byte stream into Kafka frames
 * (int32 length + payload), and sends ordered answers of bytes and file regions.
 *
 * One *turn* is one round of the event loop: `onFrame` for every frame that is
 * complete, then `onTurnEnd` once. What the handler sends in a turn leaves when
 * the turn ends; outside a turn (timers, I/O completions) the handler calls
 * `flush()`. Per connection, output leaves in the order it was sent.
 *
 * A connection id is never reused while anybody could still hold it (slot plus
 * generation); calls that name a closed connection do nothing.
 */
export interface Transport {
  /** Where the handler encodes output. Valid until the next flush or turn end. */
  readonly output: OutputArena

  /** Binds one address. Rejects with ListenError (EADDRINUSE, EACCES, EADDRNOTAVAIL …). Port 0 picks one. */
  listen(options: ListenOptions): Promise<BoundAddress>
  /** Begins to accept on everything bound. */
  start(handler: TransportHandler): void

  /** Queues bytes [start, end) of the output arena. */
  sendOutput(connection: number, start: number, end: number): void
  /** Queues bytes of the handler's own; copied before return. */
  sendBytes(connection: number, bytes: Uint8Array): void
  /** Queues a file region, sent by sendfile. The region keeps the descriptor open; a short file closes the connection and reports `onRegionFailed`. */
  sendRegion(connection: number, file: DiskFile, position: number, byteLength: number): void
  /** Stops (or resumes) handing frames of this connection to the handler: at most one more frame is received and held. */
  setPaused(connection: number, paused: boolean): void
  /** Marks a connection as one that produces: it stops being read while the slab pool is over budget. */
  setProducing(connection: number): void
  /** Closes after queued output has drained; frames not yet handed over are dropped. */
  closeAfterOutput(connection: number): void
  /** Closes now. */
  closeNow(connection: number): void
  /** Sends what was queued outside a turn. Idempotent and cheap. */
  flush(): void

  /** Bytes queued and not yet taken by the kernel. */
  outputPending(connection: number): number
  readonly connectionCount: number
  counters(): TransportCounters
  /** Stops accepting; connections live on. */
  stopListening(): Promise<void>
  /** Closes everything. */
  close(): Promise<void>
}

/**
 * A reused arena. `reserve` may replace `bytes` by a larger copy (read it again after each call), but positions stay
 * valid until the next flush or turn end.
 */
export interface OutputArena {
  bytes: Buffer
  /** Next free byte; the handler advances it. */
  position: number
  /** Makes sure that `byteLength` more bytes fit at `position`. */
  reserve(byteLength: number): void
}

export interface TransportHandler {
  onOpen(connection: number, info: ConnectionInfo): void
  /** One frame's payload, without its length. The slab is valid during the turn; `slab.pin()` keeps it. */
  onFrame(connection: number, slab: Slab, offset: number, byteLength: number): void
  onTurnEnd(): void
  /** The peer sent FIN: no more frames will come; the handler calls `closeAfterOutput` once it has answered everything. */
  onPeerEnd(connection: number): void
  onClose(connection: number, reason: CloseReason, detail: string): void
  onRegionFailed(connection: number, path: string, position: number, byteLength: number, error: string): void
}

export interface ConnectionInfo {
  /** Index of the `listen` call that accepted it. */
  readonly listener: number
  readonly remoteAddress: string
  readonly remotePort: number
}

export const CloseReason = {
  peer: 'peer',
  local: 'local',
  reset: 'reset',
  frameTooLarge: 'frame-too-large',
  frameInvalid: 'frame-invalid',
  headerDeadline: 'header-deadline',
  bodyDeadline: 'body-deadline',
  idle: 'idle',
  regionFailed: 'region-failed',
  outputStalled: 'output-stalled',
} as const
export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason]

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly backlog?: number
}

export interface BoundAddress {
  readonly listener: number
  readonly host: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

/** Limits; all of them are enforced in both implementations. */
export interface TransportOptions {
  /** socket.request.max.bytes: a longer (or negative) frame length closes the connection before anything is allocated. */
  readonly frameBytesMax: number
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** From the first byte of a frame's length to its fourth, ms. */
  readonly headerDeadlineMs: number
  /** From a complete length to a complete frame without any progress, ms. */
  readonly bodyDeadlineMs: number
  /** connections.max.idle.ms: no frame, no output and nothing outstanding for that long. */
  readonly idleMs: number
  /** Bytes that may wait for one slow reader before its connection is no longer read. */
  readonly outputBytesMax: number
  /** A connection whose queued output makes no progress for this long is closed, ms. */
  readonly outputStallMs: number
  /** SO_SNDBUF / SO_RCVBUF; -1 keeps the kernel's. */
  readonly sendBufferBytes: number
  readonly receiveBufferBytes: number
  /** TCP_CONGESTION by name; undefined keeps the host's. */
  readonly congestionControl?: string
}

export interface TransportCounters {
  readonly accepted: number
  readonly refused: number
  /** Of refused, those for which the process had no descriptor left. Always 0 on node:net, which does not tell. */
  readonly refusedNoDescriptor: number
  readonly closed: number
  readonly framesIn: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Of bytesOut, those that went by sendfile. */
  readonly regionBytesOut: number
  readonly turns: number
}

/** A bind that failed: `code` as in errno. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code: string
  readonly host: string
  readonly port: number
  constructor(fields: { code: string; host: string; port: number }) {
    super(`cannot listen on ${fields.host}:${fields.port}: ${fields.code}`)
    this.code = fields.code
    this.host = fields.host
    this.port = fields.port
  }
}
