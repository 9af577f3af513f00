import type { Slab } from '../../src/native/slab.ts'

/** A slab that knows how often it is pinned. */
export class CountedSlab implements Slab {
  readonly id = 0
  readonly bytes: Buffer
  readonly view: DataView
  pins = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  pin(): void {
    this.pins++
  }

  release(): void {
    if (--this.pins < 0) throw new Error('released more often than pinned')
  }
}
