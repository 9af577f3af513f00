import net from 'node:net'
import {
  decode,
  decodeRequestHeader,
  encode,
  type Message,
  Reader,
  responseHeaderVersion,
  Writer,
} from '../../src/protocol/index.ts'

/**
 * A Kafka client for tests that is nothing but a socket: sends one request at a
 * time or many, matches answers by correlation id, and can also send bytes that
 * no client would.
 */
export class WireClient {
  readonly socket: net.Socket
  readonly clientId: string
  closed = false
  /** Raw frames that no request waited for. */
  readonly unexpected: Buffer[] = []
  #received = Buffer.alloc(0)
  #nextCorrelation = 1
  readonly #waiting = new Map<number, { resolve: (frame: Buffer) => void; reject: (error: Error) => void }>()
  readonly #onClose: (() => void)[] = []

  private constructor(socket: net.Socket, clientId: string) {
    this.socket = socket
    this.clientId = clientId
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      for (const { reject } of this.#waiting.values()) reject(new Error('the broker closed the connection'))
      this.#waiting.clear()
      for (const done of this.#onClose) done()
    })
  }

  static connect(port: number, options: { host?: string; clientId?: string } = {}): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: options.host ?? '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new WireClient(socket, options.clientId ?? 'test'))
      })
    })
  }

  /** Sends a request and resolves to its decoded answer. Rejects when the broker closes the connection. */
  async request<Request, Response>(
    pair: { request: Message<Request>; response: Message<Response> },
    version: number,
    value: Request,
  ): Promise<Response> {
    const correlation = this.#nextCorrelation++
    const answer = this.answerOf(correlation)
    this.socket.write(requestFrame(pair.request, version, value, { correlation, clientId: this.clientId }))
    const frame = await answer
    const reader = new Reader()
    reader.reset(frame, 4, frame.length)
    if (responseHeaderVersion(pair.request.key, version) === 1) reader.skipTags()
    const response = decode(pair.response, reader, version)
    if (reader.position !== reader.end) throw new Error(`${reader.end - reader.position} bytes follow the answer`)
    return response
  }

  /** Sends without waiting; returns the correlation id. */
  send<Request>(message: Message<Request>, version: number, value: Request): number {
    const correlation = this.#nextCorrelation++
    this.socket.write(requestFrame(message, version, value, { correlation, clientId: this.clientId }))
    return correlation
  }

  /** The next answer with this correlation id. */
  answerOf(correlation: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.closed) reject(new Error('the connection is closed'))
      this.#waiting.set(correlation, { resolve, reject })
    })
  }

  /** Any bytes. */
  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  untilClosed(): Promise<void> {
    return this.closed ? Promise.resolve() : new Promise((resolve) => this.#onClose.push(resolve))
  }

  close(): void {
    this.socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const length = this.#received.readInt32BE(0)
      if (this.#received.length < 4 + length) return
      const frame = this.#received.subarray(4, 4 + length)
      this.#received = this.#received.subarray(4 + length)
      const correlation = frame.readInt32BE(0)
      const waiting = this.#waiting.get(correlation)
      this.#waiting.delete(correlation)
      if (waiting === undefined) this.unexpected.push(Buffer.from(frame))
      else waiting.resolve(Buffer.from(frame))
    }
  }
}

/** One request as it goes over the wire, length included. */
export function requestFrame<Request>(
  message: Message<Request>,
  version: number,
  value: Request,
  header: { correlation: number; clientId: string | null },
): Buffer {
  const writer = new Writer()
  writer.position = 4
  writer.reserve(64)
  const clientId = header.clientId === null ? null : Buffer.from(header.clientId)
  const prefix = Buffer.alloc(10 + (clientId?.length ?? 0))
  prefix.writeInt16BE(message.key, 0)
  prefix.writeInt16BE(version, 2)
  prefix.writeInt32BE(header.correlation, 4)
  prefix.writeInt16BE(clientId === null ? -1 : clientId.length, 8)
  clientId?.copy(prefix, 10)
  writer.reserve(prefix.length + 1)
  writer.bytes.set(prefix, writer.position)
  writer.position += prefix.length
  if (hasFlexibleHeader(prefix, message.key, version)) writer.bytes[writer.position++] = 0
  encode(message, writer, version, value)
  writer.bytes.writeInt32BE(writer.position - 4, 0)
  return Buffer.from(writer.written())
}

/** The request header is flexible exactly where the broker's reader then expects a tag section. */
function hasFlexibleHeader(prefix: Buffer, apiKey: number, version: number): boolean {
  if (apiKey === 18) return version >= 3
  const reader = new Reader()
  const probe = Buffer.concat([prefix, Buffer.from([0])])
  reader.reset(probe, 0, probe.length)
  decodeRequestHeader(reader)
  return reader.position === probe.length
}
