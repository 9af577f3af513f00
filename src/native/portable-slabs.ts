import { assert } from '../base/assert.ts'
import type { Slab, SlabPool } from './slab.ts'

const SLAB_BYTES_MIN = 4096
/** Free slabs above this size are given back to the garbage collector at once. */
const KEPT_BYTES_MAX = 1024 * 1024

/** Slabs in ordinary Buffers, for where there is no addon. Sizes are powers of two, freed ones are used again. */
export class PortableSlabPool implements SlabPool {
  bytesInUse = 0
  readonly #slabs: (PortableSlab | undefined)[] = []
  readonly #freeIds: number[] = []
  readonly #freeBySize = new Map<number, PortableSlab[]>()
  #budget = Number.POSITIVE_INFINITY

  allocate(byteLength: number): Slab {
    const size = roundUp(byteLength)
    const slab = this.#freeBySize.get(size)?.pop() ?? this.#create(size)
    this.bytesInUse += size
    slab.pins = 1
    return slab
  }

  get(id: number): Slab {
    const slab = this.#slabs[id]
    assert(slab !== undefined, `there is no slab ${id}`)
    return slab
  }

  setBudget(byteLength: number): void {
    this.#budget = byteLength
  }

  get overBudget(): boolean {
    return this.bytesInUse > this.#budget
  }

  /** Takes a slab back whose last pin was released. */
  recycle(slab: PortableSlab): void {
    const size = slab.bytes.length
    this.bytesInUse -= size
    if (size > KEPT_BYTES_MAX) {
      this.#slabs[slab.id] = undefined
      this.#freeIds.push(slab.id)
      return
    }
    const free = this.#freeBySize.get(size)
    if (free === undefined) this.#freeBySize.set(size, [slab])
    else free.push(slab)
  }

  #create(size: number): PortableSlab {
    const id = this.#freeIds.pop() ?? this.#slabs.length
    const slab = new PortableSlab(this, id, Buffer.allocUnsafeSlow(size))
    this.#slabs[id] = slab
    return slab
  }
}

class PortableSlab implements Slab {
  readonly id: number
  readonly bytes: Buffer
  readonly view: DataView
  pins = 0
  readonly #pool: PortableSlabPool

  constructor(pool: PortableSlabPool, id: number, bytes: Buffer) {
    this.#pool = pool
    this.id = id
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  pin(): void {
    this.pins++
  }

  release(): void {
    assert(this.pins > 0, 'a slab was released more often than it was pinned')
    if (--this.pins === 0) this.#pool.recycle(this)
  }
}

function roundUp(byteLength: number): number {
  let size = SLAB_BYTES_MIN
  while (size < byteLength) size *= 2
  return size
}
