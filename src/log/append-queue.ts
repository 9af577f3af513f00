import type { Offset, TimestampMs } from '../base/ids.ts'
import type { Slab } from '../native/slab.ts'
import type { AppendBatch } from './partition-log.ts'

/** Integers of one row: slab id, byte offset, byte length. */
const ROW = 3

/**
 * Batches that have offsets and are not written yet, oldest first, in flat
 * arrays that are reused: queuing a batch allocates nothing in the steady state.
 * Each batch holds one pin on its slab until it is taken or dropped.
 */
export class AppendQueue {
  rows = new Int32Array(ROW * 4)
  readonly lastOffsets: Offset[] = []
  readonly timestamps: TimestampMs[] = []
  readonly slabs: Slab[] = []
  count = 0
  byteLength = 0

  add(batch: AppendBatch, baseOffset: Offset): void {
    const at = ROW * this.count
    if (at === this.rows.length) this.#grow()
    this.rows[at] = batch.slab.id
    this.rows[at + 1] = batch.position
    this.rows[at + 2] = batch.byteLength
    this.lastOffsets.push(baseOffset + batch.lastOffsetDelta)
    this.timestamps.push(batch.maxTimestamp)
    this.slabs.push(batch.slab)
    batch.slab.pin()
    this.count++
    this.byteLength += batch.byteLength
  }

  batchBytes(index: number): number {
    return this.rows[ROW * index + 2]!
  }

  /** Removes the oldest `count` batches; their pins go to the caller, in the array that is returned. */
  take(count: number): Slab[] {
    const pins = this.slabs.splice(0, count)
    this.lastOffsets.splice(0, count)
    this.timestamps.splice(0, count)
    for (let index = 0; index < count; index++) this.byteLength -= this.batchBytes(index)
    if (count < this.count) this.rows.copyWithin(0, ROW * count, ROW * this.count)
    this.count -= count
    return pins
  }

  /** Forgets everything and releases the pins. */
  drop(): void {
    for (const slab of this.take(this.count)) slab.release()
  }

  #grow(): void {
    const larger = new Int32Array(this.rows.length * 2)
    larger.set(this.rows)
    this.rows = larger
  }
}
