import { createServer, type Server, type Socket } from 'node:net'

import { type Clock, systemClock, type Timer } from '../base/clock.ts'
import type { DiskFile } from './disk.ts'
import { GrowingArena } from './output-arena.ts'
import { type ConnectionHost, PortableConnection } from './portable-connection.ts'
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

/** How often producing connections look again whether the slab pool has room. */
const BUDGET_POLL_MS = 10
const SWEEP_MS_MIN = 20
const SWEEP_MS_MAX = 1000
const ID_MAX = 2 ** 31 - 1

/**
 * The transport on node:net, for where there is no addon. Same promises as the
 * native one, without its speed: a turn is what arrived in one round of the
 * event loop, delivered from setImmediate; regions are read and written in
 * chunks. The socket options that node:net does not have (buffer sizes,
 * congestion control) are left to the kernel.
 */
export class PortableTransport implements Transport, ConnectionHost {
  readonly slabs: SlabPool
  readonly #options: TransportOptions
  readonly #clock: Clock
  readonly #arena = new GrowingArena(() => {})
  readonly #servers: Server[] = []
  readonly #connections = new Map<number, PortableConnection>()
  readonly #perAddress = new Map<string, number>()
  readonly #scheduled = new Set<PortableConnection>()
  readonly #toFlush = new Set<PortableConnection>()
  #handler: TransportHandler | undefined
  /** Accepted before `start`. */
  #early: { socket: Socket; listener: number }[] = []
  #turn: NodeJS.Immediate | undefined
  #sweep: Timer | undefined
  #budgetPoll: Timer | undefined
  #lastId = 0
  #closed: (() => void) | undefined
  #counters = {
    accepted: 0,
    refused: 0,
    refusedNoDescriptor: 0,
    closed: 0,
    framesIn: 0,
    bytesIn: 0,
    bytesOut: 0,
    regionBytesOut: 0,
    turns: 0,
  }

  constructor(options: TransportOptions, slabs: SlabPool, clock: Clock = systemClock) {
    this.#options = options
    this.slabs = slabs
    this.#clock = clock
  }

  get output(): OutputArena {
    return this.#arena
  }
  get frameBytesMax(): number {
    return this.#options.frameBytesMax
  }
  get outputBytesMax(): number {
    return this.#options.outputBytesMax
  }
  get connectionCount(): number {
    return this.#connections.size
  }

  nowMs(): number {
    return this.#clock.monotonicMs()
  }

  counters(): TransportCounters {
    return { ...this.#counters }
  }

  listen(options: ListenOptions): Promise<BoundAddress> {
    const { host, port } = options
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const listener = this.#servers.length
    this.#servers.push(server)
    server.on('connection', (socket) => this.#accept(socket, listener))
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(new ListenError({ code: error.code ?? 'UNKNOWN', host, port }))
      })
      // `::` must leave the IPv4 wildcard to a listener of its own.
      server.listen({ host, port, backlog: options.backlog ?? 511, ipv6Only: host.includes(':') }, () => {
        const address = server.address()
        if (address === null || typeof address === 'string') return
        const family = address.family === 'IPv6' ? 'IPv6' : 'IPv4'
        resolve({ listener, host: address.address, port: address.port, family })
      })
    })
  }

  start(handler: TransportHandler): void {
    this.#handler = handler
    const { headerDeadlineMs, bodyDeadlineMs, idleMs, outputStallMs } = this.#options
    const shortestMs = Math.min(headerDeadlineMs, bodyDeadlineMs, idleMs, outputStallMs)
    const periodMs = Math.max(SWEEP_MS_MIN, Math.min(SWEEP_MS_MAX, shortestMs / 4))
    this.#sweep = this.#clock.every(periodMs, () => this.#closeOverdue())
    for (const { socket, listener } of this.#early) this.#accept(socket, listener)
    this.#early = []
  }

  #accept(socket: Socket, listener: number): void {
    if (this.#handler === undefined) {
      this.#early.push({ socket, listener })
      return
    }
    const address = socket.remoteAddress
    const fromAddress = this.#perAddress.get(address ?? '') ?? 0
    const { connectionsMax, connectionsPerAddressMax } = this.#options
    // Without an address it has gone already.
    if (this.#connections.size >= connectionsMax || fromAddress >= connectionsPerAddressMax || address === undefined) {
      this.#counters.refused++
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    this.#counters.accepted++
    this.#perAddress.set(address, fromAddress + 1)
    const connection = new PortableConnection({ id: this.#nextId(), listener, socket, host: this })
    this.#connections.set(connection.id, connection)
    this.schedule(connection)
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === ID_MAX ? 1 : this.#lastId + 1
    while (this.#connections.has(this.#lastId))
    return this.#lastId
  }

  schedule(connection: PortableConnection): void {
    this.#scheduled.add(connection)
    this.#turn ??= setImmediate(() => this.#runTurn())
  }

  #runTurn(): void {
    this.#turn = undefined
    const handler = this.#handler
    if (handler === undefined) return
    const turn = [...this.#scheduled]
    this.#scheduled.clear()
    const delivered: Slab[] = []
    this.#counters.turns++
    for (const connection of turn) {
      // What the handler did not get to see because it threw has a turn of its own.
      if (!this.#guard(() => connection.deliver(handler, delivered))) this.schedule(connection)
    }
    this.#guard(() => handler.onTurnEnd())
    for (const slab of delivered) slab.release()
    this.flush()
    this.#watchBudget()
  }

  /** A handler's error is a programmer's: it surfaces as uncaught, but the rest of the turn is not lost. */
  #guard(action: () => void): boolean {
    try {
      action()
      return true
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
      return false
    }
  }

  #watchBudget(): void {
    if (!this.slabs.overBudget || this.#budgetPoll !== undefined) return
    for (const connection of this.#connections.values()) connection.refreshReading()
    this.#budgetPoll = this.#clock.every(BUDGET_POLL_MS, () => {
      if (this.slabs.overBudget) return
      this.#budgetPoll?.cancel()
      this.#budgetPoll = undefined
      for (const connection of this.#connections.values()) connection.refreshReading()
    })
  }

  #closeOverdue(): void {
    for (const connection of this.#connections.values()) {
      const reason = connection.overdue(this.#options)
      if (reason !== undefined) connection.destroy(reason, '')
    }
  }

  sendOutput(id: number, start: number, end: number): void {
    this.sendBytes(id, this.#arena.bytes.subarray(start, end))
  }

  sendBytes(id: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(id)
    if (connection === undefined || bytes.length === 0) return
    connection.sendBytes(Buffer.from(bytes))
    this.#toFlush.add(connection)
  }

  sendRegion(id: number, file: DiskFile, position: number, byteLength: number): void {
    const connection = this.#connections.get(id)
    if (connection === undefined || byteLength === 0) return
    connection.sendRegion([file, position, byteLength])
    this.#toFlush.add(connection)
  }

  setPaused(id: number, paused: boolean): void {
    this.#connections.get(id)?.setPaused(paused)
  }

  setProducing(id: number): void {
    this.#connections.get(id)?.setProducing()
    this.#watchBudget()
  }

  closeAfterOutput(id: number): void {
    const connection = this.#connections.get(id)
    if (connection === undefined) return
    connection.closeAfterOutput()
    this.#toFlush.add(connection)
  }

  closeNow(id: number): void {
    this.#connections.get(id)?.destroy(CloseReason.local, '')
  }

  flush(): void {
    for (const connection of this.#toFlush) connection.flush()
    this.#toFlush.clear()
    this.#arena.reset()
  }

  outputPending(id: number): number {
    return this.#connections.get(id)?.pending ?? 0
  }

  countFrameIn(): void {
    this.#counters.framesIn++
  }

  countBytesIn(byteLength: number): void {
    this.#counters.bytesIn += byteLength
  }

  countBytesOut(byteLength: number, region: boolean): void {
    this.#counters.bytesOut += byteLength
    if (region) this.#counters.regionBytesOut += byteLength
  }

  forget(connection: PortableConnection): void {
    this.#connections.delete(connection.id)
    this.#toFlush.delete(connection)
    this.#counters.closed++
    const left = (this.#perAddress.get(connection.remoteAddress) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(connection.remoteAddress)
    else this.#perAddress.set(connection.remoteAddress, left)
    if (this.#connections.size === 0) this.#closed?.()
  }

  async stopListening(): Promise<void> {
    const bound = this.#servers.filter((server) => server.listening)
    // `close` calls back only when the last connection has gone; the port is free at once.
    for (const server of bound) server.close()
    for (const { socket } of this.#early) socket.destroy()
    this.#early = []
  }

  async close(): Promise<void> {
    await this.stopListening()
    this.#sweep?.cancel()
    this.#budgetPoll?.cancel()
    if (this.#connections.size === 0) return
    const gone = new Promise<void>((resolve) => {
      this.#closed = resolve
    })
    for (const connection of this.#connections.values()) connection.destroy(CloseReason.local, 'transport closed')
    await gone
  }
}
