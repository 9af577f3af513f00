import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import {
  Blocked,
  COMMAND_INTS,
  COMMANDS_MAX,
  Command,
  type NativeSockets,
  ROW_INTS,
  RowKind,
  type SharedSocketState,
  SLOT_MASK,
} from './addon-sockets.ts'
import type { DiskFile } from './disk.ts'
import { errnoName } from './disk-errors.ts'
import { HeldFrames } from './held-frames.ts'
import type { NativeRuntime } from './native-runtime.ts'
import { GrowingArena } from './output-arena.ts'
import type { Slab, SlabPool } from './slab.ts'
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

/** As Reason in native/io/socket_state.hh. */
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
const BACKLOG = 1024
const HIGH = 0x1_0000_0000

/**
 * The transport on the addon's socket layer. Native code calls once a turn with
 * rows of integers; what the handler sends is rows of integers again, executed
 * in order, over the shared output arena. No object crosses for a frame.
 *
 * Frames of one turn that follow a `setPaused`, or answers that fill a
 * connection's output, are held here until they may be handed over; native code
 * reads no more while a connection has any bit in `blocked`.
 */
export class NativeTransport implements Transport {
  readonly slabs: SlabPool
  readonly #outputBytesMax: number
  readonly #sockets: NativeSockets
  readonly #arena: GrowingArena
  readonly #shared: SharedSocketState
  readonly #held = new Map<number, HeldFrames>()
  #listenerCount = 0
  #commandCount = 0
  /** Executed, not yet flushed. */
  #queued = false
  /** Connections whose held frames may be handed over. */
  #resumable: number[] = []
  /** Held frames that were handed over in this turn. */
  #turnSlabs: Slab[] = []
  #handler: TransportHandler | undefined
  #inTurn = false
  #closed = false
  /** Connections that the handler knows of. */
  #openCount = 0
  #allClosed: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: TransportOptions, runtime: NativeRuntime) {
    this.slabs = runtime.slabs
    this.#outputBytesMax = options.outputBytesMax
    const sockets = new runtime.addon.Sockets(options)
    this.#sockets = sockets
    this.#shared = sockets.shared()
    this.#arena = new GrowingArena((bytes) => sockets.setArena(bytes))
  }

  get output(): OutputArena {
    return this.#arena
  }

  get connectionCount(): number {
    return this.#sockets.connectionCount()
  }

  counters(): TransportCounters {
    return this.#sockets.counters()
  }

  async listen(options: ListenOptions): Promise<BoundAddress> {
    const { host, port } = options
    const address = await resolve(host, port)
    const bound = this.#sockets.listen(address, port, options.backlog ?? BACKLOG)
    if (bound < 0) throw new ListenError({ code: errnoName(-bound), host, port })
    const family = isIP(address) === 6 ? 'IPv6' : 'IPv4'
    return { listener: this.#listenerCount++, host: address, port: bound, family }
  }

  start(handler: TransportHandler): void {
    this.#handler = handler
    this.#sockets.start((count) => this.#turn(count))
  }

  sendOutput(connection: number, start: number, end: number): void {
    if (end === start || !this.#accepts(connection)) return
    this.#addOutput(connection, end - start)
    this.#command(Command.bytes, connection, start, end, 0, 0)
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    const start = this.#arena.append(bytes)
    this.sendOutput(connection, start, start + bytes.length)
  }

  sendRegion(connection: number, file: DiskFile, position: number, byteLength: number): void {
    if (byteLength === 0 || !this.#accepts(connection)) return
    this.#addOutput(connection, byteLength)
    this.#command(Command.region, connection, file.handle, Math.floor(position / HIGH), position | 0, byteLength)
    // At once, so that the region holds the file before anybody can close the handle.
    this.#execute()
  }

  setPaused(connection: number, paused: boolean): void {
    if (!this.#accepts(connection)) return
    const { blocked } = this.#shared
    const slot = connection & SLOT_MASK
    if (paused) {
      blocked[slot]! |= Blocked.paused
      return
    }
    blocked[slot]! &= ~Blocked.paused
    if (blocked[slot] === 0) this.#command(Command.resume, connection, 0, 0, 0, 0)
    else if (blocked[slot] === Blocked.held) this.#handOverLater(connection)
  }

  setProducing(connection: number): void {
    this.#command(Command.producing, connection, 0, 0, 0, 0)
  }

  closeAfterOutput(connection: number): void {
    this.#end(connection, Command.closeAfterOutput)
  }

  closeNow(connection: number): void {
    this.#end(connection, Command.closeNow)
  }

  #end(connection: number, op: number): void {
    const { blocked, ids } = this.#shared
    const slot = connection & SLOT_MASK
    if (ids[slot] !== connection) return
    blocked[slot] = Blocked.closing
    this.#dropHeld(connection)
    this.#command(op, connection, 0, 0, 0, 0)
    // Outside a turn nobody need flush for it.
    if (op === Command.closeNow && !this.#inTurn) {
      this.#execute()
      this.#sockets.wake()
    }
  }

  flush(): void {
    if (this.#inTurn || this.#closed || (this.#commandCount === 0 && !this.#queued)) return
    this.#send()
  }

  outputPending(connection: number): number {
    const slot = connection & SLOT_MASK
    return this.#shared.ids[slot] === connection ? this.#shared.outputBytes[slot]! : 0
  }

  async stopListening(): Promise<void> {
    if (!this.#closed) this.#sockets.stopListening()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#handler !== undefined) {
      this.#send()
      this.#sockets.stopListening()
      this.#sockets.closeConnections()
      // The handler hears of every close in a turn of its own.
      const told = new Promise<void>((resolve) => {
        this.#allClosed = resolve
      })
      this.#sockets.wake()
      await told
    }
    this.#closed = true
    this.#sockets.close()
    for (const held of this.#held.values()) held.drop()
    this.#held.clear()
  }

  #turn(count: number): void {
    const handler = this.#handler!
    const end = count * ROW_INTS
    let at = 0
    this.#inTurn = true
    if (this.#resumable.length > 0) this.#handOverResumable(handler)
    while (at < end) {
      // A handler's error is a programmer's: it surfaces as uncaught, but the rest of the turn is not lost.
      try {
        while (at < end) {
          at += ROW_INTS
          this.#row(handler, at - ROW_INTS)
        }
      } catch (error) {
        raise(error)
      }
    }
    try {
      handler.onTurnEnd()
    } catch (error) {
      raise(error)
    }
    for (const slab of this.#turnSlabs) slab.release()
    this.#turnSlabs.length = 0
    this.#inTurn = false
    if (this.#closed) return
    this.#send()
    if (this.#openCount === 0) this.#allClosed?.()
  }

  #row(handler: TransportHandler, at: number): void {
    const { rows, blocked } = this.#shared
    const connection = rows[at + 1]!
    switch (rows[at]) {
      case RowKind.frame: {
        const slab = this.slabs.get(rows[at + 2]!)
        if (blocked[connection & SLOT_MASK] === 0) handler.onFrame(connection, slab, rows[at + 3]!, rows[at + 4]!)
        else this.#hold(connection, slab, rows[at + 3]!, rows[at + 4]!)
        return
      }
      case RowKind.open: {
        const [remoteAddress, remotePort] = this.#sockets.peer(connection) ?? ['', 0]
        this.#openCount++
        handler.onOpen(connection, { listener: rows[at + 2]!, remoteAddress, remotePort })
        return
      }
      case RowKind.peerEnd:
        this.#peerEnded(handler, connection)
        return
      case RowKind.drained:
        this.#handOver(handler, connection)
        return
      case RowKind.regionFailed: {
        const [path, position, byteLength] = this.#sockets.regionFailure(rows[at + 3]!) ?? ['', 0, 0]
        handler.onRegionFailed(connection, path, position, byteLength, errnoName(rows[at + 2]!))
        return
      }
      default:
        this.#openCount--
        this.#dropHeld(connection)
        this.#tellClose(handler, at)
    }
  }

  #tellClose(handler: TransportHandler, at: number): void {
    const { rows } = this.#shared
    const reason = CLOSE_REASONS[rows[at + 2]!]!
    const error = rows[at + 3]!
    const claimed = reason === CloseReason.frameInvalid || reason === CloseReason.frameTooLarge
    const detail = claimed ? `frame of ${rows[at + 4]!} bytes` : error === 0 ? '' : errnoName(error)
    handler.onClose(rows[at + 1]!, reason, detail)
  }

  #peerEnded(handler: TransportHandler, connection: number): void {
    const held = this.#held.get(connection)
    if (held !== undefined) held.peerEnded = true
    else handler.onPeerEnd(connection)
  }

  #hold(connection: number, slab: Slab, offset: number, byteLength: number): void {
    const { blocked, ids } = this.#shared
    const slot = connection & SLOT_MASK
    // Closed already, by either side: nobody will ask for it.
    if (ids[slot] !== connection || (blocked[slot]! & Blocked.closing) !== 0) return
    let held = this.#held.get(connection)
    if (held === undefined) {
      held = new HeldFrames(this.slabs)
      this.#held.set(connection, held)
      blocked[slot]! |= Blocked.held
    }
    held.add(slab, offset, byteLength)
  }

  #handOverLater(connection: number): void {
    this.#resumable.push(connection)
    this.#sockets.wake()
  }

  #handOverResumable(handler: TransportHandler): void {
    const resumable = this.#resumable
    this.#resumable = []
    for (const connection of resumable) {
      try {
        this.#handOver(handler, connection)
      } catch (error) {
        raise(error)
        this.#handOverLater(connection)
      }
    }
  }

  /** Hands over held frames for as long as nothing else blocks the connection. */
  #handOver(handler: TransportHandler, connection: number): void {
    const { blocked, ids } = this.#shared
    const slot = connection & SLOT_MASK
    const held = this.#held.get(connection)
    if (held === undefined) return
    while (ids[slot] === connection && blocked[slot] === Blocked.held) {
      const frame = held.take()
      if (frame === undefined) {
        this.#held.delete(connection)
        blocked[slot] = 0
        this.#command(Command.resume, connection, 0, 0, 0, 0)
        if (held.peerEnded) this.#peerEnded(handler, connection)
        return
      }
      this.#turnSlabs.push(frame.slab)
      handler.onFrame(connection, frame.slab, frame.offset, frame.byteLength)
    }
  }

  #dropHeld(connection: number): void {
    if (this.#held.size === 0) return
    this.#held.get(connection)?.drop()
    this.#held.delete(connection)
  }

  #accepts(connection: number): boolean {
    const slot = connection & SLOT_MASK
    return this.#shared.ids[slot] === connection && (this.#shared.blocked[slot]! & Blocked.closing) === 0
  }

  #addOutput(connection: number, byteLength: number): void {
    const { outputBytes, blocked } = this.#shared
    const slot = connection & SLOT_MASK
    outputBytes[slot]! += byteLength
    if (outputBytes[slot]! > this.#outputBytesMax) blocked[slot]! |= Blocked.outputFull
  }

  #command(op: number, connection: number, a: number, b: number, c: number, d: number): void {
    if (this.#commandCount === COMMANDS_MAX) this.#execute()
    const { commands } = this.#shared
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
    this.#sockets.execute(this.#commandCount)
    this.#commandCount = 0
    this.#queued = true
  }

  #send(): void {
    this.#sockets.flush(this.#commandCount)
    this.#commandCount = 0
    this.#queued = false
    this.#arena.reset()
  }
}

function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

async function resolve(host: string, port: number): Promise<string> {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch {
    throw new ListenError({ code: 'EADDRNOTAVAIL', host, port })
  }
}
