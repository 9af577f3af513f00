import type { Slab } from '../../src/native/slab.ts'
import type { ValidatedBatch } from '../../src/records/index.ts'

/** Bytes in the middle of a slab, with other bytes around them, as a frame leaves them. */
const MARGIN = 37

export class FakeSlab implements Slab {
  readonly id = 0
  readonly bytes: Buffer
  readonly view: DataView
  constructor(content: Buffer) {
    this.bytes = Buffer.alloc(content.length + 2 * MARGIN, 0xa5)
    content.copy(this.bytes, MARGIN)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
  }
  pin(): void {}
  release(): void {}
}

export function targetFor(content: Buffer): ValidatedBatch {
  return {
    slab: new FakeSlab(content),
    position: MARGIN,
    byteLength: content.length,
    lastOffsetDelta: 0,
    maxTimestamp: 0,
    producerId: 0,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: false,
    isControl: false,
  }
}
