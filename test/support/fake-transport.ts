import type { OutputArena, Transport, TransportCounters } from '../../src/native/transport.ts'

/** A transport without sockets: keeps what the server asked of it, in order. */
export class FakeTransport implements Transport {
  readonly output: OutputArena = {
    bytes: Buffer.alloc(64 * 1024),
    position: 0,
    reserve: () => {},
  }
  /** Such as `pause 1`, `close 1`. */
  readonly calls: string[] = []
  /** Payloads by connection, in the order sent. */
  readonly sent: { connection: number; bytes: Buffer }[] = []
  readonly connectionCount = 0
  pending = 0

  async listen(): Promise<never> {
    throw new Error('there is nothing to listen on')
  }

  start(): void {}

  sendOutput(connection: number, start: number, end: number): void {
    this.sent.push({ connection, bytes: Buffer.from(this.output.bytes.subarray(start, end)) })
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    this.sent.push({ connection, bytes: Buffer.from(bytes) })
  }

  sendRegion(): void {}

  setPaused(connection: number, paused: boolean): void {
    this.calls.push(`${paused ? 'pause' : 'resume'} ${connection}`)
  }

  setProducing(): void {}

  closeAfterOutput(connection: number): void {
    this.calls.push(`end ${connection}`)
  }

  closeNow(connection: number): void {
    this.calls.push(`close ${connection}`)
  }

  flush(): void {
    this.calls.push('flush')
  }

  outputPending(): number {
    return this.pending
  }

  counters(): TransportCounters {
    const none = { accepted: 0, refused: 0, refusedNoDescriptor: 0, closed: 0, framesIn: 0, bytesIn: 0 }
    return { ...none, bytesOut: 0, regionBytesOut: 0, turns: 0 }
  }

  async stopListening(): Promise<void> {}

  async close(): Promise<void> {}
}
