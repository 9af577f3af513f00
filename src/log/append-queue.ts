import type { Offset, TimestampMs } from '../base/ids.ts'
import type { Slab } from '../native/slab.ts'
import type { AppendBatch } from './partition-log.ts'

/** Integers of one row: slab id, byte offset, byte length. */
const ROW = 3
const CAPACITY_MIN = 4

/**
 * Batches that have offsets and are not written yet, oldest first, in flat
 * arrays that are reused: queuing a batch allocates nothing in the steady state.
 * Each batch holds one pin on its slab until it is taken or dropped.
 */
export class AppendQueue {
  rows = new Int32Array(ROW * CAPACITY_MIN)
  count = 0
  byteLength = 0
  /** Last offset and largest timestamp of each batch. */
  #numbers = new Float64Array(2 * CAPACITY_MIN)
  #slabs: Slab[] = []

  add(batch: AppendBatch, baseOffset: Offset): void {
    const index = this.count
    if (ROW * index === this.rows.length) this.#grow()
    const { rows } = this
    rows[ROW * index] = batch.slab.id
    rows[ROW * index + 1] = batch.position
    rows[ROW * index + 2] = batch.byteLength
    this.#numbers[2 * index] = baseOffset + batch.lastOffsetDelta
    this.#numbers[2 * index + 1] = batch.maxTimestamp
    this.#slabs.push(batch.slab)
    batch.slab.pin()
    this.count = index + 1
    this.byteLength += batch.byteLength
  }

  batchBytes(index: number): number {
    return this.rows[ROW * index + 2]!
  }

  lastOffset(index: number): Offset {
    return this.#numbers[2 * index]!
  }

  timestamp(index: number): TimestampMs {
    return this.#numbers[2 * index + 1]!
  }

  /** The rows of the oldest `count` batches, in an array of their own. */
  copyRows(count: number): Int32Array {
    return this.rows.slice(0, ROW * count)
  }

  /** Removes the oldest `count` batches; their pins go to the caller, in the array that is returned. */
  take(count: number): Slab[] {
    if (count === this.count) {
      const pins = this.#slabs
      this.#slabs = []
      this.count = 0
      this.byteLength = 0
      return pins
    }
    for (let index = 0; index < count; index++) this.byteLength -= this.batchBytes(index)
    this.rows.copyWithin(0, ROW * count, ROW * this.count)
    this.#numbers.copyWithin(0, 2 * count, 2 * this.count)
    this.count -= count
    return this.#slabs.splice(0, count)
  }

  /** Forgets everything and releases the pins. */
  drop(): void {
    for (const slab of this.take(this.count)) slab.release()
  }

  #grow(): void {
    const rows = new Int32Array(this.rows.length * 2)
    rows.set(this.rows)
    this.rows = rows
    const numbers = new Float64Array(this.#numbers.length * 2)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}
