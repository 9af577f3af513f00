import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { NativeSockets } from './addon-sockets.ts'
import type { DiskFile } from './disk.ts'
import { errnoName } from './disk-errors.ts'
import type { NativeRuntime } from './native-runtime.ts'
import { GrowingArena } from './output-arena.ts'
import type { SlabPool } from './slab.ts'
import {
  type BoundAddress,
  CloseReason,
  ListenError,
  type ListenOptions,
  type OutputArena,
  type Transport,
  type TransportCounters,
  type TransportHandler,
  type TransportOptions,
} from './transport.ts'

/** As RowKind, Reason and Command in native/io/socket_layer.hh. */
const ROW_INTS = 5
const RowKind = { frame: 0, open: 1, peerEnd: 2, close: 3, regionFailed: 4 } as const
const CLOSE_REASONS = [
  CloseReason.peer,
  CloseReason.local,
  CloseReason.reset,
  CloseReason.frameTooLarge,
  CloseReason.frameInvalid,
  CloseReason.headerDeadline,
  CloseReason.bodyDeadline,
  CloseReason.idle,
  CloseReason.regionFailed,
  CloseReason.outputStalled,
] as const
const COMMAND_INTS = 6
const Command = { bytes: 1, region: 2, pause: 3, producing: 4, closeAfterOutput: 5, closeNow: 6 } as const
const COMMANDS_MAX = 1024
const BACKLOG = 1024

/**
 * The transport on the addon's socket layer. Native code calls once a turn with
 * rows of integers; what the handler sends is rows of integers again, executed
 * in order, over the shared output arena. No object crosses for a frame.
 */
export class NativeTransport implements Transport {
  readonly slabs: SlabPool
  readonly #sockets: NativeSockets
  readonly #arena: GrowingArena
  readonly #commands = new Int32Array(COMMANDS_MAX * COMMAND_INTS)
  readonly #listeners: BoundAddress[] = []
  #commandCount = 0
  #rows: Int32Array = new Int32Array(0)
  #handler: TransportHandler | undefined
  #inTurn = false
  #closed = false

  constructor(options: TransportOptions, runtime: NativeRuntime) {
    this.slabs = runtime.slabs
    const sockets = new runtime.addon.Sockets(options)
    this.#sockets = sockets
    this.#arena = new GrowingArena((bytes) => sockets.setArena(bytes))
  }

  get output(): OutputArena {
    return this.#arena
  }

  async listen(options: ListenOptions): Promise<BoundAddress> {
    const { host, port } = options
    const address = await resolve(host, port)
    const bound = this.#sockets.listen(address, port, options.backlog ?? BACKLOG)
    if (bound < 0) throw new ListenError({ code: errnoName(-bound), host, port })
    const family = isIP(address) === 6 ? 'IPv6' : 'IPv4'
    const result: BoundAddress = { listener: this.#listeners.length, host: address, port: bound, family }
    this.#listeners.push(result)
    return result
  }

  start(handler: TransportHandler): void {
    this.#handler = handler
    this.#rows = this.#sockets.start((count) => this.#turn(count))
  }

  sendOutput(connection: number, start: number, end: number): void {
    this.#command(Command.bytes, connection, start, end, 0, 0)
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    const start = this.#arena.append(bytes)
    this.#command(Command.bytes, connection, start, start + bytes.length, 0, 0)
  }

  sendRegion(connection: number, file: DiskFile, position: number, byteLength: number): void {
    const high = Math.floor(position / 0x1_0000_0000)
    this.#command(Command.region, connection, file.handle, high, position | 0, byteLength)
    // At once, so that the region holds the file before anybody can close the handle.
    this.#execute()
  }

  setPaused(connection: number, paused: boolean): void {
    this.#command(Command.pause, connection, paused ? 1 : 0, 0, 0, 0)
  }

  setProducing(connection: number): void {
    this.#command(Command.producing, connection, 0, 0, 0, 0)
  }

  closeAfterOutput(connection: number): void {
    this.#command(Command.closeAfterOutput, connection, 0, 0, 0, 0)
  }

  closeNow(connection: number): void {
    this.#command(Command.closeNow, connection, 0, 0, 0, 0)
  }

  flush(): void {
    if (this.#inTurn || this.#closed) return
    this.#send()
  }

  outputPending(connection: number): number {
    return this.#closed ? 0 : this.#sockets.outputPending(connection)
  }

  get connectionCount(): number {
    return this.#sockets.counters().connections
  }

  counters(): TransportCounters {
    return this.#sockets.counters()
  }

  async stopListening(): Promise<void> {
    if (!this.#closed) this.#sockets.stopListening()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#send()
    this.#closed = true
    this.#sockets.close()
  }

  #turn(count: number): void {
    const handler = this.#handler!
    this.#inTurn = true
    try {
      for (let at = 0; at < count * ROW_INTS; at += ROW_INTS) this.#row(handler, at)
      handler.onTurnEnd()
    } finally {
      this.#inTurn = false
      if (!this.#closed) this.#send()
    }
  }

  #row(handler: TransportHandler, at: number): void {
    const rows = this.#rows
    const connection = rows[at + 1]!
    switch (rows[at]) {
      case RowKind.frame:
        handler.onFrame(connection, this.slabs.get(rows[at + 2]!), rows[at + 3]!, rows[at + 4]!)
        return
      case RowKind.open: {
        const [remoteAddress, remotePort] = this.#sockets.peer(connection) ?? ['', 0]
        handler.onOpen(connection, { listener: rows[at + 2]!, remoteAddress, remotePort })
        return
      }
      case RowKind.peerEnd:
        if (handler.onPeerEnd === undefined) this.closeAfterOutput(connection)
        else handler.onPeerEnd(connection)
        return
      case RowKind.regionFailed: {
        const position = rows[at + 3]! * 0x1_0000_0000 + (rows[at + 4]! >>> 0)
        handler.onRegionFailed(connection, '', position, 0, errnoName(rows[at + 2]!))
        return
      }
      default: {
        const error = rows[at + 3]!
        handler.onClose(connection, CLOSE_REASONS[rows[at + 2]!]!, error === 0 ? '' : errnoName(error))
      }
    }
  }

  #command(op: number, connection: number, a: number, b: number, c: number, d: number): void {
    if (this.#commandCount === COMMANDS_MAX) this.#execute()
    const commands = this.#commands
    const at = this.#commandCount++ * COMMAND_INTS
    commands[at] = op
    commands[at + 1] = connection
    commands[at + 2] = a
    commands[at + 3] = b
    commands[at + 4] = c
    commands[at + 5] = d
  }

  #execute(): void {
    if (this.#commandCount === 0 || this.#closed) return
    this.#sockets.execute(this.#commands, this.#commandCount)
    this.#commandCount = 0
  }

  #send(): void {
    this.#execute()
    this.#sockets.flush()
    this.#arena.reset()
  }
}

async function resolve(host: string, port: number): Promise<string> {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch {
    throw new ListenError({ code: 'EADDRNOTAVAIL', host, port })
  }
}
