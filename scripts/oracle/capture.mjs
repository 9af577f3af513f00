/**
 * A TCP proxy between Kafka clients and a broker that keeps what passes: whole frames, each answer beside its request.
 * Binds 127.0.0.1 only. Understands frame lengths and the first eight bytes of a header, nothing more, so that what it
 * records does not depend on our codec.
 */
import { connect, createServer } from 'node:net'

/** Long polls repeat themselves: of one API version of one client so many exchanges are kept. */
const EXCHANGES_KEPT = 8
const FRAME_BYTES_MAX = 64 * 1024

/** Cuts a byte stream into frames; `onFrame` gets each without its length. */
class FrameCutter {
  #pending = Buffer.alloc(0)
  #onFrame

  constructor(onFrame) {
    this.#onFrame = onFrame
  }

  add(chunk) {
    this.#pending = Buffer.concat([this.#pending, chunk])
    while (this.#pending.length >= 4) {
      const end = 4 + this.#pending.readInt32BE(0)
      if (this.#pending.length < end) return
      this.#onFrame(Buffer.from(this.#pending.subarray(4, end)))
      this.#pending = this.#pending.subarray(end)
    }
  }
}

/** Records exchanges while it forwards them to `upstreamPort`, which may be set after `listen`. */
export class CaptureProxy {
  upstreamPort
  #client = 'unknown'
  #exchanges = []
  #counts = new Map()
  #sockets = new Set()
  #connectionCount = 0
  #server = createServer((socket) => this.#accept(socket))

  /** Resolves with the port that clients must be given. */
  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', () => resolve(this.#server.address().port))
    })
  }

  /** Connections opened from now on belong to the client of that name. */
  startClient(name) {
    this.#client = name
    this.#connectionCount = 0
  }

  /** {client, connection, key, version, request, response}: hex without frame lengths; response null where there was none. */
  exchanges() {
    return this.#exchanges
  }

  async close() {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(downstream) {
    const upstream = connect(this.upstreamPort, '127.0.0.1')
    const connection = { client: this.#client, number: this.#connectionCount++, waiting: new Map() }
    const requests = new FrameCutter((frame) => this.#request(connection, frame))
    const responses = new FrameCutter((frame) => this.#response(connection, frame))
    this.#pipe(downstream, upstream, requests)
    this.#pipe(upstream, downstream, responses)
  }

  #pipe(from, to, cutter) {
    this.#sockets.add(from)
    from.on('data', (chunk) => {
      cutter.add(chunk)
      to.write(chunk)
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroySoon()
    })
  }

  #request(connection, frame) {
    const key = frame.readInt16BE(0)
    const version = frame.readInt16BE(2)
    const kind = `${connection.client} ${key} ${version}`
    const seen = this.#counts.get(kind) ?? 0
    if (seen === EXCHANGES_KEPT || frame.length > FRAME_BYTES_MAX) return
    this.#counts.set(kind, seen + 1)
    const { client, number } = connection
    const exchange = { client, connection: number, key, version, request: frame.toString('hex'), response: null }
    connection.waiting.set(frame.readInt32BE(4), exchange)
    this.#exchanges.push(exchange)
  }

  #response(connection, frame) {
    const correlation = frame.readInt32BE(0)
    const exchange = connection.waiting.get(correlation)
    connection.waiting.delete(correlation)
    if (exchange !== undefined && frame.length <= FRAME_BYTES_MAX) exchange.response = frame.toString('hex')
  }
}
