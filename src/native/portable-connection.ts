import type { Socket } from 'node:net'

import { FrameAssembler, type FrameSink } from './frame-assembler.ts'
import { type OutputObserver, PortableOutput } from './portable-output.ts'
import type { Slab, SlabPool } from './slab.ts'
import { CloseReason, type TransportHandler } from './transport.ts'

/** What a connection needs of its transport. */
export interface ConnectionHost {
  readonly slabs: SlabPool
  readonly frameBytesMax: number
  readonly outputBytesMax: number
  nowMs(): number
  /** Has something for the handler: give it a turn. */
  schedule(connection: PortableConnection): void
  countFrameIn(): void
  countBytesIn(byteLength: number): void
  countBytesOut(byteLength: number, region: boolean): void
  forget(connection: PortableConnection): void
}

interface RegionFailure {
  readonly path: string
  readonly position: number
  readonly byteLength: number
  readonly error: string
}

const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

/**
 * One node:net socket as the transport sees it: frames wait in the inbox until
 * a turn delivers them, output waits until `flush`. All that the handler hears
 * is told by `deliver`, never from inside a socket's event.
 */
export class PortableConnection implements FrameSink, OutputObserver {
  readonly id: number
  readonly listener: number
  readonly socket: Socket
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #host: ConnectionHost
  readonly #assembler: FrameAssembler
  readonly #output: PortableOutput
  /** Complete frames, pinned: slab and length in turn. */
  #slabs: Slab[] = []
  #lengths: number[] = []
  #opened = false
  #paused = false
  #producing = false
  #outputFull = false
  #peerEnded = false
  #peerEndTold = false
  /** Answers what is queued, then ends. */
  #closing = false
  #ended = false
  #closed = false
  #reason: CloseReason | undefined
  #detail = ''
  #regionFailure: RegionFailure | undefined
  #headerBeganMs: number
  #inputProgressMs: number
  #outputProgressMs: number

  constructor(fields: { id: number; listener: number; socket: Socket; host: ConnectionHost }) {
    this.id = fields.id
    this.listener = fields.listener
    this.socket = fields.socket
    this.#host = fields.host
    this.remoteAddress = fields.socket.remoteAddress ?? ''
    this.remotePort = fields.socket.remotePort ?? 0
    this.#assembler = new FrameAssembler(fields.host.slabs, fields.host.frameBytesMax)
    this.#output = new PortableOutput(fields.socket, this)
    this.#headerBeganMs = this.#inputProgressMs = this.#outputProgressMs = fields.host.nowMs()
    this.#watch()
  }

  get pending(): number {
    return this.#output.pending
  }
  /** Nothing more may be sent to it. */
  get done(): boolean {
    return this.#closing || this.#closed || this.#reason !== undefined
  }

  #watch(): void {
    const { socket } = this
    socket.on('data', (chunk) => this.#received(chunk))
    socket.on('end', () => {
      this.#peerEnded = true
      this.#host.schedule(this)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const reset = RESET_CODES.has(error.code ?? '')
      this.#reason ??= reset ? CloseReason.reset : CloseReason.peer
      this.#detail ||= error.message
    })
    socket.on('close', () => {
      this.#closed = true
      this.#host.schedule(this)
    })
  }

  #received(chunk: Buffer): void {
    if (this.done) return
    this.#inputProgressMs = this.#host.nowMs()
    this.#host.countBytesIn(chunk.length)
    const inHeader = this.#assembler.inHeader
    const fault = this.#assembler.push(chunk, this)
    if (fault !== undefined) this.destroy(fault, `frame of ${this.#assembler.claimedLength} bytes`)
    // A header that goes on from the last chunk began then; any other has just begun.
    if (!inHeader || this.#slabs.length > 0) this.#headerBeganMs = this.#inputProgressMs
    if (this.#slabs.length > 0) this.#host.schedule(this)
    this.refreshReading()
  }

  frame(slab: Slab, byteLength: number): void {
    this.#host.countFrameIn()
    this.#slabs.push(slab)
    this.#lengths.push(byteLength)
  }

  /** Tells the handler all that has happened, in order. Frames delivered join `delivered`, which the turn releases. */
  deliver(handler: TransportHandler, delivered: Slab[]): void {
    if (!this.#opened) {
      this.#opened = true
      handler.onOpen(this.id, this)
    }
    this.#deliverFrames(handler, delivered)
    if (this.#regionFailure !== undefined) {
      const { path, position, byteLength, error } = this.#regionFailure
      this.#regionFailure = undefined
      handler.onRegionFailed(this.id, path, position, byteLength, error)
    }
    if (this.#closed) this.#finish(handler)
    else if (this.#peerEnded && !this.#peerEndTold && !this.#paused && this.#slabs.length === 0)
      this.#tellPeerEnd(handler)
  }

  #deliverFrames(handler: TransportHandler, delivered: Slab[]): void {
    while (this.#slabs.length > 0 && !this.#paused && !this.#outputFull && !this.#closing) {
      // Taken out first: the handler may close the connection, which drops what is still here.
      const slab = this.#slabs.shift()!
      const byteLength = this.#lengths.shift()!
      delivered.push(slab)
      handler.onFrame(this.id, slab, 0, byteLength)
    }
    this.refreshReading()
  }

  #tellPeerEnd(handler: TransportHandler): void {
    this.#peerEndTold = true
    if (this.done) return
    handler.onPeerEnd(this.id)
  }

  #finish(handler: TransportHandler): void {
    this.#drop()
    this.#host.forget(this)
    handler.onClose(this.id, this.#reason ?? CloseReason.peer, this.#detail)
  }

  sendBytes(bytes: Buffer): void {
    if (this.done) return
    this.#queued()
    this.#output.addBytes(bytes)
    this.#checkOutput()
  }

  sendRegion(output: Parameters<PortableOutput['addRegion']>): void {
    if (this.done) return
    const [file, position, byteLength] = output
    if (file.handle < 0) return this.regionFailed(file.path, position, byteLength, 'the file is closed')
    this.#queued()
    this.#output.addRegion(file, position, byteLength)
    this.#checkOutput()
  }

  /** The stall of a peer is counted from when there was something to read. */
  #queued(): void {
    if (this.#output.pending === 0) this.#outputProgressMs = this.#host.nowMs()
  }

  #checkOutput(): void {
    if (this.#output.pending > this.#host.outputBytesMax) this.#outputFull = true
    this.refreshReading()
  }

  flush(): void {
    this.#output.pump()
    this.#endIfDrained()
  }

  taken(byteLength: number, region: boolean): void {
    this.#outputProgressMs = this.#host.nowMs()
    this.#host.countBytesOut(byteLength, region)
    if (this.#outputFull && this.#output.pending <= this.#host.outputBytesMax / 2) {
      this.#outputFull = false
      this.#host.schedule(this)
    }
    this.#endIfDrained()
  }

  regionFailed(path: string, position: number, byteLength: number, error: string): void {
    this.#regionFailure = { path, position, byteLength, error }
    this.destroy(CloseReason.regionFailed, `${path}: ${error}`)
  }

  setPaused(paused: boolean): void {
    this.#paused = paused
    if (!paused && (this.#slabs.length > 0 || this.#peerEnded)) this.#host.schedule(this)
    this.refreshReading()
  }

  setProducing(): void {
    this.#producing = true
    this.refreshReading()
  }

  /** Reads exactly while there is room for what would arrive. */
  refreshReading(): void {
    const held = !this.#closing && (this.#paused || this.#outputFull || this.#isStalled())
    if (held === this.socket.isPaused()) return
    if (held) {
      this.socket.pause()
      return
    }
    // Its peer has the whole of each deadline from now.
    this.#inputProgressMs = this.#headerBeganMs = this.#host.nowMs()
    this.socket.resume()
  }

  /** Over budget nothing new begins; what has begun goes on, else nothing would ever be released. */
  #isStalled(): boolean {
    return this.#producing && !this.#assembler.inBody && this.#host.slabs.overBudget
  }

  closeAfterOutput(): void {
    if (this.done) return
    this.#closing = true
    this.#dropFrames()
    // From here on the peer's bytes are read and dropped: closing on unread bytes would reset what it has not read yet.
    this.refreshReading()
    this.#endIfDrained()
  }

  #endIfDrained(): void {
    if (!this.#closing || this.#ended || this.#output.pending > 0) return
    this.#ended = true
    this.#reason ??= this.#peerEnded ? CloseReason.peer : CloseReason.local
    this.#outputProgressMs = this.#host.nowMs()
    this.socket.end()
  }

  destroy(reason: CloseReason, detail: string): void {
    if (this.#closed) return
    this.#reason ??= reason
    this.#detail ||= detail
    if (reason === CloseReason.local) this.#dropFrames()
    this.socket.destroy()
  }

  /** Why this connection has outlived a deadline, if it has. */
  overdue(limits: DeadlineLimits): CloseReason | undefined {
    const nowMs = this.#host.nowMs()
    const inputMs = nowMs - this.#inputProgressMs
    const outputMs = nowMs - this.#outputProgressMs
    if (this.#ended) return outputMs > LINGER_MS ? CloseReason.local : undefined
    if (this.#output.pending > 0) return outputMs > limits.outputStallMs ? CloseReason.outputStalled : undefined
    if (this.socket.isPaused() || this.#peerEnded) return undefined
    if (this.#assembler.inHeader) {
      return nowMs - this.#headerBeganMs > limits.headerDeadlineMs ? CloseReason.headerDeadline : undefined
    }
    if (this.#assembler.inBody) return inputMs > limits.bodyDeadlineMs ? CloseReason.bodyDeadline : undefined
    return Math.min(inputMs, outputMs) > limits.idleMs ? CloseReason.idle : undefined
  }

  #dropFrames(): void {
    for (const slab of this.#slabs) slab.release()
    this.#slabs = []
    this.#lengths = []
  }

  #drop(): void {
    this.#dropFrames()
    this.#assembler.drop()
    this.#output.drop()
  }
}

/** How long an ended connection waits for the peer to end too. */
const LINGER_MS = 2000

export interface DeadlineLimits {
  readonly headerDeadlineMs: number
  readonly bodyDeadlineMs: number
  readonly idleMs: number
  readonly outputStallMs: number
}
