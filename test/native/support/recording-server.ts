import type { Disk } from '../../../src/native/disk.ts'
import { nativeRuntime } from '../../../src/native/native-runtime.ts'
import { openDisk } from '../../../src/native/open-disk.ts'
import { openTransport } from '../../../src/native/open-transport.ts'
import type { Slab } from '../../../src/native/slab.ts'
import type {
  BoundAddress,
  ConnectionInfo,
  Transport,
  TransportHandler,
  TransportOptions,
} from '../../../src/native/transport.ts'

export type Mode = 'native' | 'portable'

/** Every test of the transport runs on all that this machine has. */
export const MODES: Mode[] = nativeRuntime() === undefined ? ['portable'] : ['native', 'portable']

// A frame used after its slab was released shows as other bytes.
nativeRuntime()?.addon.setSlabPoison(true)

const NEVER_MS = 3_600_000

/** Nothing limits anything. */
export const LIMITS: TransportOptions = {
  frameBytesMax: 200 * 1024 * 1024,
  connectionsMax: 2 ** 31 - 1,
  connectionsPerAddressMax: 2 ** 31 - 1,
  headerDeadlineMs: NEVER_MS,
  bodyDeadlineMs: NEVER_MS,
  idleMs: NEVER_MS,
  outputBytesMax: 1024 * 1024 * 1024,
  outputStallMs: NEVER_MS,
  sendBufferBytes: -1,
  receiveBufferBytes: -1,
}

export interface Closed {
  readonly connection: number
  readonly reason: string
  readonly detail: string
}

/** A handler that writes down what it hears; tests replace what it does with a frame. */
export class RecordingServer implements TransportHandler {
  readonly disk: Disk
  readonly transport: Transport
  readonly infos = new Map<number, ConnectionInfo>()
  readonly opened: number[] = []
  readonly closed: Closed[] = []
  readonly peerEnded: number[] = []
  readonly failedRegions: { connection: number; path: string; position: number; byteLength: number; error: string }[] =
    []
  frames = 0
  turns = 0
  /** What is done with a frame; echoes it by default. */
  handle: (connection: number, slab: Slab, offset: number, byteLength: number) => void
  /** What is done when a peer has ended; closes by default. */
  ended: (connection: number) => void
  port = 0
  #watchers: (() => void)[] = []

  constructor(mode: Mode, options: Partial<TransportOptions> = {}) {
    this.disk = openDisk({ mode })
    this.transport = openTransport({ ...LIMITS, ...options }, this.disk)
    this.handle = (connection, slab, offset, byteLength) => this.echo(connection, slab, offset, byteLength)
    this.ended = (connection) => this.transport.closeAfterOutput(connection)
  }

  async start(): Promise<this> {
    this.port = (await this.listen()).port
    this.transport.start(this)
    return this
  }

  listen(host = '127.0.0.1', port = 0): Promise<BoundAddress> {
    return this.transport.listen({ host, port })
  }

  onOpen(connection: number, info: ConnectionInfo): void {
    this.opened.push(connection)
    this.infos.set(connection, info)
    this.#changed()
  }

  onFrame(connection: number, slab: Slab, offset: number, byteLength: number): void {
    this.frames++
    this.handle(connection, slab, offset, byteLength)
    this.#changed()
  }

  onTurnEnd(): void {
    this.turns++
  }

  onPeerEnd(connection: number): void {
    this.peerEnded.push(connection)
    this.ended(connection)
    this.#changed()
  }

  onClose(connection: number, reason: string, detail: string): void {
    this.closed.push({ connection, reason, detail })
    this.#changed()
  }

  onRegionFailed(connection: number, path: string, position: number, byteLength: number, error: string): void {
    this.failedRegions.push({ connection, path, position, byteLength, error })
    this.#changed()
  }

  /** Sends a frame back as it came, its length in front. */
  echo(connection: number, slab: Slab, offset: number, byteLength: number): void {
    this.send(connection, slab.bytes.subarray(offset, offset + byteLength))
  }

  /** Encodes `payload` as a frame into the arena. */
  send(connection: number, payload: Uint8Array): void {
    const { output } = this.transport
    output.reserve(payload.length + 4)
    const start = output.position
    output.bytes.writeInt32BE(payload.length, start)
    output.bytes.set(payload, start + 4)
    output.position = start + 4 + payload.length
    this.transport.sendOutput(connection, start, output.position)
  }

  /** Resolves once `condition` holds; looked at after each event. */
  until(condition: () => boolean): Promise<void> {
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

  async stop(): Promise<void> {
    await this.transport.close()
    await this.disk.close()
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher()
  }
}

/** Resolves in the first round of the event loop in which `condition` holds: for what no event announces. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
