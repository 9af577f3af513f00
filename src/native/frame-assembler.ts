import type { Slab, SlabPool } from './slab.ts'
import { CloseReason } from './transport.ts'

/** A length is only a claim: this much is allocated for it at first, then as much again as has arrived. */
const FIRST_ALLOCATION_BYTES = 64 * 1024
const LENGTH_BYTES = 4

/** Takes each complete frame; the pin on the slab passes to it. */
export interface FrameSink {
  frame(slab: Slab, byteLength: number): void
}

/**
 * Cuts a byte stream, in chunks of any size, into frames of int32 length and
 * payload. Each payload gets a slab of its own, from offset 0. A length that is
 * not positive or above the limit is a fault: reported before anything is
 * allocated, and final.
 */
export class FrameAssembler {
  readonly #slabs: SlabPool
  readonly #frameBytesMax: number
  #length = 0
  #lengthBytes = 0
  #slab: Slab | undefined
  #received = 0

  constructor(slabs: SlabPool, frameBytesMax: number) {
    this.#slabs = slabs
    this.#frameBytesMax = frameBytesMax
  }

  /** Part of a length has arrived. */
  get inHeader(): boolean {
    return this.#lengthBytes > 0 && this.#lengthBytes < LENGTH_BYTES
  }

  /** A length has arrived, its frame has not. */
  get inBody(): boolean {
    return this.#lengthBytes === LENGTH_BYTES
  }

  /** The length that was read last: what a fault is about. */
  get claimedLength(): number {
    return this.#length
  }

  /** Hands all frames that `chunk` completes to `sink`. Returns why the connection must close, if it must. */
  push(chunk: Buffer, sink: FrameSink): CloseReason | undefined {
    let position = 0
    while (position < chunk.length) {
      if (this.#lengthBytes < LENGTH_BYTES) {
        this.#length = (this.#length << 8) | chunk[position++]!
        this.#lengthBytes++
        if (this.#lengthBytes < LENGTH_BYTES) continue
        if (this.#length <= 0) return CloseReason.frameInvalid
        if (this.#length > this.#frameBytesMax) return CloseReason.frameTooLarge
      } else {
        position += this.#take(chunk, position)
        if (this.#received === this.#length) this.#complete(sink)
      }
    }
    return undefined
  }

  /** Gives up a frame that will never be complete. */
  drop(): void {
    this.#slab?.release()
    this.#slab = undefined
  }

  #take(chunk: Buffer, position: number): number {
    const count = Math.min(chunk.length - position, this.#length - this.#received)
    const slab = this.#ensure(this.#received + count)
    chunk.copy(slab.bytes, this.#received, position, position + count)
    this.#received += count
    return count
  }

  #ensure(needed: number): Slab {
    const current = this.#slab
    if (current !== undefined && current.bytes.length >= needed) return current
    const wanted = Math.min(this.#length, Math.max(needed * 2, FIRST_ALLOCATION_BYTES))
    const grown = this.#slabs.allocate(wanted)
    if (current !== undefined) {
      current.bytes.copy(grown.bytes, 0, 0, this.#received)
      current.release()
    }
    this.#slab = grown
    return grown
  }

  #complete(sink: FrameSink): void {
    const slab = this.#slab!
    const length = this.#length
    this.#slab = undefined
    this.#length = 0
    this.#lengthBytes = 0
    this.#received = 0
    sink.frame(slab, length)
  }
}
