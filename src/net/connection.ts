import { assert } from '../base/assert.ts'
import type { Slab } from '../native/slab.ts'
import type { ConnectionInfo } from '../native/transport.ts'

/** An answer that may become ready after later ones; `encode` is called once, when it is its turn. */
export interface OrderedAnswer {
  /** Set by its owner before `Connection.overlappingReady`. */
  readonly ready: boolean
  /** Sends the answer (or nothing, for acks=0). */
  send(): void
}

/** An exclusive request that waits for something; it is told what happens on its connection meanwhile. */
export interface ParkedRequest {
  /** The connection is gone: there is nobody to answer. */
  abandoned(): void
  /** The peer sends no more. It may have gone for good, which looks the same. */
  peerEnded(): void
  /** Another request has arrived behind this one. Its connection is not read any more, so the peer's end is not seen. */
  othersWait(): void
}

/** A frame that arrived before it may be served; its slab is pinned. */
export interface HeldFrame {
  readonly slab: Slab
  readonly offset: number
  readonly byteLength: number
}

/**
 * One client connection's order. A Produce may overlap earlier Produces: their
 * answers leave in request order, whichever is ready first. Every other request
 * is *exclusive*: it starts when all earlier answers are out, and while it is
 * parked nothing behind it starts. Frames that must wait are held here.
 *
 * The server decides when to dispatch; this class only keeps the books.
 */
export class Connection {
  readonly id: number
  readonly info: ConnectionInfo
  open = true
  /** The peer will send no more; close once everything is answered. */
  peerEnded = false
  /** An exclusive request is being served asynchronously. */
  parked = false
  paused = false
  producing = false
  clientId: string | null = null
  /** Set by who finds that the connection must close once its answers are out. */
  closeReason: string | undefined
  /** Set by an exclusive request that is parked and wants to know. */
  waiting: ParkedRequest | undefined
  readonly #held: HeldFrame[] = []
  readonly #answers: OrderedAnswer[] = []
  #answersHead = 0

  constructor(id: number, info: ConnectionInfo) {
    this.id = id
    this.info = info
  }

  get overlapping(): number {
    return this.#answers.length - this.#answersHead
  }

  get heldCount(): number {
    return this.#held.length
  }

  /** Nothing is being served and nothing waits. */
  get isQuiet(): boolean {
    return !this.parked && this.overlapping === 0 && this.#held.length === 0
  }

  addOverlapping(answer: OrderedAnswer): void {
    this.#answers.push(answer)
  }

  /** Sends every leading answer that is ready. True when at least one left. Throws what `send` throws: close it then. */
  sendReady(): boolean {
    const answers = this.#answers
    let head = this.#answersHead
    while (head < answers.length && answers[head]!.ready) {
      if (this.open) answers[head]!.send()
      head++
    }
    const moved = head !== this.#answersHead
    if (head === answers.length) {
      answers.length = 0
      head = 0
    } else if (head > 64) {
      answers.splice(0, head)
      head = 0
    }
    this.#answersHead = head
    return moved
  }

  hold(slab: Slab, offset: number, byteLength: number): void {
    slab.pin()
    this.#held.push({ slab, offset, byteLength })
  }

  peekHeld(): HeldFrame {
    const frame = this.#held[0]
    assert(frame !== undefined, 'peekHeld needs a held frame')
    return frame
  }

  /** The oldest held frame; the caller releases its slab. */
  takeHeld(): HeldFrame {
    const frame = this.#held.shift()
    assert(frame !== undefined, 'takeHeld needs a held frame')
    return frame
  }

  /** The exclusive request is answered or dropped: nobody waits for the connection's end any more. */
  unparked(): void {
    this.parked = false
    this.waiting = undefined
  }

  /** The connection is gone: answers go nowhere, held frames are dropped, a parked request is told. */
  abandon(): void {
    this.open = false
    for (const frame of this.#held) frame.slab.release()
    this.#held.length = 0
    const { waiting } = this
    this.unparked()
    waiting?.abandoned()
  }
}
