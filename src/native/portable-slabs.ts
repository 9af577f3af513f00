import { assert } from '../base/assert.ts'
import type { Slab, SlabPool } from './slab.ts'

/** Free slabs kept for reuse; what is released beyond is left to the garbage collector. */
const FREE_BYTES_MAX = 32 * 1024 * 1024
const SMALLEST_BYTES = 4096
const MEGABYTE = 1024 * 1024

/** Slabs as plain Buffers, in the addon's size classes: powers of two up to half a megabyte, then whole megabytes. */
export class PortableSlabPool implements SlabPool {
  readonly #slabs: (PortableSlab | undefined)[] = []
  readonly #freeIds: number[] = []
  readonly #freeBySize = new Map<number, PortableSlab[]>()
  #freeBytes = 0
  #bytesInUse = 0
  #budget = Number.POSITIVE_INFINITY

  allocate(byteLength: number): Slab {
    const size = sizeClass(byteLength)
    const reused = this.#freeBySize.get(size)?.pop()
    if (reused !== undefined) this.#freeBytes -= size
    const slab = reused ?? this.#create(size)
    this.#bytesInUse += size
    slab.pin()
    return slab
  }

  get(id: number): Slab {
    const slab = this.#slabs[id]
    assert(slab !== undefined, 'no slab has this id')
    return slab
  }

  get bytesInUse(): number {
    return this.#bytesInUse
  }

  /** Asked by the portable transport, as the native one asks natively. */
  get overBudget(): boolean {
    return this.#bytesInUse > this.#budget
  }

  setBudget(byteLength: number): void {
    this.#budget = byteLength
  }

  #create(size: number): PortableSlab {
    const id = this.#freeIds.pop() ?? this.#slabs.length
    const slab = new PortableSlab(id, size, (released) => this.#released(released))
    this.#slabs[id] = slab
    return slab
  }

  #released(slab: PortableSlab): void {
    const size = slab.bytes.length
    this.#bytesInUse -= size
    if (this.#freeBytes + size > FREE_BYTES_MAX) {
      this.#slabs[slab.id] = undefined
      this.#freeIds.push(slab.id)
      return
    }
    this.#freeBytes += size
    const free = this.#freeBySize.get(size)
    if (free === undefined) this.#freeBySize.set(size, [slab])
    else free.push(slab)
  }
}

function sizeClass(byteLength: number): number {
  if (byteLength > MEGABYTE / 2) return Math.ceil(byteLength / MEGABYTE) * MEGABYTE
  let size = SMALLEST_BYTES
  while (size < byteLength) size *= 2
  return size
}

class PortableSlab implements Slab {
  readonly id: number
  readonly bytes: Buffer
  readonly view: DataView
  readonly #free: (slab: PortableSlab) => void
  #pins = 0

  constructor(id: number, size: number, free: (slab: PortableSlab) => void) {
    this.id = id
    this.bytes = Buffer.from(new ArrayBuffer(size))
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size)
    this.#free = free
  }

  pin(): void {
    this.#pins++
  }

  release(): void {
    this.#pins--
    assert(this.#pins >= 0, 'a slab was released more often than it was pinned')
    if (this.#pins === 0) this.#free(this)
  }
}
