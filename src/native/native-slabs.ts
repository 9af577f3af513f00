import { assert } from '../base/assert.ts'
import type { IoAddon } from './addon-io.ts'
import { diskError, errnoOf } from './disk-errors.ts'
import type { Slab, SlabPool } from './slab.ts'

/**
 * The addon's slabs. Each has one Slab object and one Buffer for good, made when
 * its id is first seen; pins are counts in an array shared with the addon, so
 * only the last release is a call.
 */
export class NativeSlabPool implements SlabPool {
  readonly #addon: IoAddon
  readonly #pins: Int32Array
  readonly #slabs: NativeSlab[] = []
  #budget = Number.POSITIVE_INFINITY

  constructor(addon: IoAddon) {
    this.#addon = addon
    this.#pins = addon.slabPins()
  }

  allocate(byteLength: number): Slab {
    const id = this.#addon.acquireSlab(byteLength)
    if (id < 0) throw diskError(errnoOf('ENOMEM'), 'mmap', `slab of ${byteLength} bytes`)
    return this.get(id)
  }

  get(id: number): Slab {
    return this.#slabs[id] ?? this.#adopt(id)
  }

  get bytesInUse(): number {
    return this.#addon.slabBytesInUse()
  }

  setBudget(byteLength: number): void {
    this.#budget = byteLength
    this.#addon.setSlabBudget(byteLength)
  }

  get overBudget(): boolean {
    return this.bytesInUse > this.#budget
  }

  #adopt(id: number): Slab {
    // Without holes, so that the array stays a plain one.
    for (let next = this.#slabs.length; next <= id; next++) {
      this.#slabs.push(new NativeSlab(this.#addon, this.#pins, next))
    }
    return this.#slabs[id]!
  }
}

class NativeSlab implements Slab {
  readonly id: number
  readonly bytes: Buffer
  readonly view: DataView
  readonly #addon: IoAddon
  readonly #pins: Int32Array

  constructor(addon: IoAddon, pins: Int32Array, id: number) {
    this.id = id
    this.bytes = addon.slabBytes(id)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    this.#addon = addon
    this.#pins = pins
  }

  pin(): void {
    this.#pins[this.id]!++
  }

  release(): void {
    const left = this.#pins[this.id]! - 1
    assert(left >= 0, 'a slab was released more often than it was pinned')
    this.#pins[this.id] = left
    if (left === 0) this.#addon.releaseSlab(this.id)
  }
}
