import type { TransportOptions } from './transport.ts'

/** What native/io/socket_exports.cc exports. Numbers below 0 are -errno. */
export interface SocketsAddon {
  readonly Sockets: new (options: TransportOptions) => NativeSockets
}

export interface NativeSockets {
  /** A literal address; port 0 picks one. The bound port, or -errno. */
  listen(address: string, port: number, backlog: number): number
  /** Returns the shared rows, five integers each; `deliver` is called with their count, once a turn. */
  start(deliver: (count: number) => void): Int32Array
  /** Where byte commands point from now on. */
  setArena(bytes: Buffer): void
  /** Queues what `count` commands of six integers say. */
  execute(commands: Int32Array, count: number): void
  /** Sends what was queued; afterwards the arena may be used again. */
  flush(): void
  peer(connection: number): [address: string, port: number] | undefined
  outputPending(connection: number): number
  counters(): Record<
    | 'accepted'
    | 'refused'
    | 'closed'
    | 'framesIn'
    | 'bytesIn'
    | 'bytesOut'
    | 'regionBytesOut'
    | 'turns'
    | 'connections',
    number
  >
  stopListening(): void
  close(): void
}
