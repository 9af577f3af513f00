import type { Slab, SlabPool } from './slab.ts'

/** A frame in a slab more than this many times its size is copied out, so that it does not pin what others share. */
const SHARE_MIN = 4

interface HeldFrame {
  readonly slab: Slab
  readonly offset: number
  readonly byteLength: number
}

/** Frames of one connection that arrived before the handler wants them, in order, pinned. */
export class HeldFrames {
  /** The peer has ended; to be told after the frames. */
  peerEnded = false
  readonly #slabs: SlabPool
  readonly #frames: HeldFrame[] = []

  constructor(slabs: SlabPool) {
    this.#slabs = slabs
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  add(slab: Slab, offset: number, byteLength: number): void {
    if (byteLength * SHARE_MIN >= slab.bytes.length) {
      slab.pin()
      this.#frames.push({ slab, offset, byteLength })
      return
    }
    const own = this.#slabs.allocate(byteLength)
    slab.bytes.copy(own.bytes, 0, offset, offset + byteLength)
    this.#frames.push({ slab: own, offset: 0, byteLength })
  }

  /** The oldest; its pin passes to the caller. */
  take(): HeldFrame | undefined {
    return this.#frames.shift()
  }

  drop(): void {
    for (const frame of this.#frames) frame.slab.release()
    this.#frames.length = 0
  }
}
