import type { TransportCounters, TransportOptions } from './transport.ts'

/** What native/io/socket_exports.cc exports. Numbers below 0 are -errno. */
export interface SocketsAddon {
  readonly Sockets: new (options: TransportOptions) => NativeSockets
}

export interface NativeSockets {
  /** A literal address; port 0 picks one. The bound port, or -errno. */
  listen(address: string, port: number, backlog: number): number
  /** Asked once. */
  shared(): SharedSocketState
  /** `deliver` is called once a turn with the number of rows. */
  start(deliver: (count: number) => void): void
  /** Where byte commands point from now on. */
  setArena(bytes: Buffer): void
  /** Queues what the first `count` commands say. */
  execute(count: number): void
  /** Executes, then sends; afterwards the arena may be used again. */
  flush(count: number): void
  /** Makes sure that `deliver` is called in the next round of the loop, if with no row. */
  wake(): void
  /** undefined once the connection is closed. */
  peer(connection: number): [address: string, port: number] | undefined
  regionFailure(index: number): [path: string, position: number, byteLength: number] | undefined
  connectionCount(): number
  counters(): TransportCounters
  stopListening(): void
  /** `deliver` hears of each. */
  closeConnections(): void
  close(): void
}

/** As SocketState in native/io/socket_state.hh, where the fields are explained. */
export interface SharedSocketState {
  readonly rows: Int32Array
  readonly commands: Int32Array
  /** By slot: the connection that has it, 0 when it is free. */
  readonly ids: Int32Array
  /** By slot: bits of Blocked. */
  readonly blocked: Uint8Array
  /** By slot: bytes queued and not yet taken by the kernel. */
  readonly outputBytes: Float64Array
}

export const SLOT_MASK = 2 ** 17 - 1
export const ROW_INTS = 5
export const RowKind = { frame: 0, open: 1, peerEnd: 2, close: 3, regionFailed: 4, drained: 5 } as const
export const COMMAND_INTS = 6
export const COMMANDS_MAX = 1024
export const Command = { bytes: 1, region: 2, resume: 3, producing: 4, closeAfterOutput: 5, closeNow: 6 } as const
export const Blocked = { paused: 1, held: 2, outputFull: 4, closing: 8 } as const
