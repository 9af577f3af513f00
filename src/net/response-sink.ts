import type { DiskFile } from '../native/disk.ts'
import type { OutputArena, Transport } from '../native/transport.ts'
import { encodeResponseHeader } from '../protocol/index.ts'

/** Bytes of a response that stay in a file: where a Fetch answer's records come from. */
export interface FileRegion {
  readonly file: DiskFile
  readonly position: number
  readonly byteLength: number
}

/** A hole in the encoded bytes at `position`, to be filled by the region on the wire. */
export interface OutputGap {
  position: number
  source: FileRegion
}

/**
 * Encodes one response frame at a time straight into the transport's output
 * arena: `begin`, encode the body into this sink, `end`. File regions leave gaps
 * (the encoder records them in `gaps`); `end` patches the frame's length, gaps
 * included, and queues bytes and regions in wire order.
 *
 * One sink serves all connections of a transport: nothing may run between
 * `begin` and `end` that sends on the same transport.
 */
export class ResponseSink {
  bytes: Buffer
  position = 0
  readonly gaps: OutputGap[] = []
  readonly #transport: Transport
  readonly #output: OutputArena
  #connection = -1
  #start = 0

  constructor(transport: Transport) {
    this.#transport = transport
    this.#output = transport.output
    this.bytes = this.#output.bytes
  }

  reserve(byteLength: number): void {
    if (this.position + byteLength <= this.bytes.length) return
    this.#output.position = this.position
    this.#output.reserve(byteLength)
    this.bytes = this.#output.bytes
    this.position = this.#output.position
  }

  begin(connection: number, apiKey: number, apiVersion: number, correlationId: number): void {
    this.#connection = connection
    this.bytes = this.#output.bytes
    this.position = this.#output.position
    this.reserve(64)
    this.#start = this.position
    this.position += 4
    encodeResponseHeader(this, apiKey, apiVersion, correlationId)
  }

  end(): void {
    const start = this.#start
    const gaps = this.gaps
    let byteLength = this.position - start - 4
    for (let index = 0; index < gaps.length; index++) byteLength += gaps[index]!.source.byteLength
    this.bytes.writeInt32BE(byteLength, start)
    this.#output.position = this.position
    if (gaps.length === 0) this.#transport.sendOutput(this.#connection, start, this.position)
    else this.#sendWithGaps()
  }

  #sendWithGaps(): void {
    let sent = this.#start
    for (const gap of this.gaps) {
      if (gap.position > sent) this.#transport.sendOutput(this.#connection, sent, gap.position)
      this.#transport.sendRegion(this.#connection, gap.source.file, gap.source.position, gap.source.byteLength)
      sent = gap.position
    }
    if (this.position > sent) this.#transport.sendOutput(this.#connection, sent, this.position)
    this.gaps.length = 0
  }

  /** Forgets a frame whose encoding failed. */
  abandon(): void {
    this.gaps.length = 0
  }
}
