import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'

/** A client that writes what it is told, byte for byte, and keeps all that comes back. */
export class RawClient {
  readonly socket: Socket
  ended = false
  closed = false
  error = ''
  #chunks: Buffer[] = []
  #byteLength = 0
  #watchers: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#byteLength += chunk.length
      this.#changed()
    })
    socket.on('end', () => {
      this.ended = true
      this.#changed()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message
    })
    socket.on('close', () => {
      this.closed = true
      this.#changed()
    })
  }

  /** With `paused` nothing is read until `socket.resume()`. */
  static async connect(port: number, options: { host?: string; paused?: boolean } = {}): Promise<RawClient> {
    const socket = createConnection({ port, host: options.host ?? '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    const client = new RawClient(socket)
    if (options.paused === true) socket.pause()
    return client
  }

  get byteLength(): number {
    return this.#byteLength
  }

  /** All bytes received so far. */
  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Resolves once `byteLength` bytes have come; rejects if the connection ends before. */
  async received(byteLength: number): Promise<Buffer> {
    await this.#until(() => this.#byteLength >= byteLength || this.ended || this.closed)
    if (this.#byteLength < byteLength) {
      throw new Error(`the connection ended after ${this.#byteLength} of ${byteLength} bytes ${this.error}`)
    }
    return this.bytes.subarray(0, byteLength)
  }

  /** Everything up to the peer's end. */
  async toEnd(): Promise<Buffer> {
    await this.#until(() => this.ended || this.closed)
    return this.bytes
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.#until(() => this.closed)
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const watcher = () => {
        if (!condition()) return
        this.#watchers = this.#watchers.filter((other) => other !== watcher)
        resolve()
      }
      this.#watchers.push(watcher)
    })
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher()
  }
}

/** int32 length and payload. */
export function frameOf(payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(payload.length + 4)
  bytes.writeInt32BE(payload.length)
  bytes.set(payload, 4)
  return bytes
}

/** A seeded generator (mulberry32): the same numbers in [0, 1) for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes that differ at every position of any alignment, so that a shifted or repeated part shows. */
export function patternBytes(byteLength: number, seed: number): Buffer {
  const random = seeded(seed)
  const bytes = Buffer.allocUnsafe(byteLength)
  for (let position = 0; position + 4 <= byteLength; position += 4)
    bytes.writeUInt32LE((random() * 2 ** 32) >>> 0, position)
  for (let position = byteLength - (byteLength % 4); position < byteLength; position++) bytes[position] = random() * 256
  return bytes
}
