import type { Offset } from '../base/ids.ts'

/** Bytes of one entry on disk: relative offset int32, file position int32. */
export const OFFSET_INDEX_ENTRY_BYTES = 8

/**
 * The sparse offset index of one segment, in memory: where to start looking for
 * an offset. An entry is the last offset of a batch and the position where that
 * batch starts; both rise strictly. Memory is taken with the first entry, so that
 * an empty segment costs nothing.
 *
 * Positions are below 2 GiB as Kafka's are (int32), offsets relative to the base.
 */
export class OffsetIndex {
  readonly baseOffset: Offset
  #entries: Int32Array = NO_ENTRIES
  #count = 0
  /** Entries that the file on disk already holds. */
  persisted = 0

  constructor(baseOffset: Offset) {
    this.baseOffset = baseOffset
  }

  get count(): number {
    return this.#count
  }

  get lastPosition(): number {
    return this.#count === 0 ? 0 : this.#entries[2 * this.#count - 1]!
  }

  add(offset: Offset, position: number): void {
    if (2 * this.#count === this.#entries.length) this.#grow()
    this.#entries[2 * this.#count] = offset - this.baseOffset
    this.#entries[2 * this.#count + 1] = position
    this.#count++
  }

  /** Position of the last entry whose offset is at or below `offset`; 0 when there is none. The batch there may end before `offset`. */
  floorPosition(offset: Offset): number {
    const relative = offset - this.baseOffset
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[2 * middle]! <= relative) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.#entries[2 * low - 1]!
  }

  /** Largest entry position at or below `position`, a batch boundary; 0 when there is none. */
  floorBoundary(position: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[2 * middle + 1]! <= position) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.#entries[2 * low - 1]!
  }

  /** Drops entries at or above `position`. */
  truncateToPosition(position: number): void {
    while (this.#count > 0 && this.#entries[2 * this.#count - 1]! >= position) this.#count--
    this.persisted = Math.min(this.persisted, this.#count)
  }

  /** Entries [from, count) as they are stored. */
  encode(from = 0): Buffer {
    const bytes = Buffer.allocUnsafe((this.#count - from) * OFFSET_INDEX_ENTRY_BYTES)
    for (let index = 2 * from; index < 2 * this.#count; index++)
      bytes.writeInt32BE(this.#entries[index]!, 4 * (index - 2 * from))
    return bytes
  }

  /**
   * An index from stored bytes, or undefined when they cannot be one: not whole entries, not rising, or beyond the
   * segment. Trailing zero entries (a preallocated file of Kafka's) are ignored.
   */
  static decode(baseOffset: Offset, bytes: Buffer, segmentBytes: number): OffsetIndex | undefined {
    if (bytes.length % OFFSET_INDEX_ENTRY_BYTES !== 0) return undefined
    const index = new OffsetIndex(baseOffset)
    let lastOffset = -1
    let lastPosition = -1
    for (let at = 0; at < bytes.length; at += OFFSET_INDEX_ENTRY_BYTES) {
      const relative = bytes.readInt32BE(at)
      const position = bytes.readInt32BE(at + 4)
      // No batch at position 0 has an entry: this is the rest of a preallocated file.
      if (relative === 0 && position === 0) break
      if (relative <= lastOffset || position <= lastPosition || position >= segmentBytes) return undefined
      index.add(baseOffset + relative, position)
      lastOffset = relative
      lastPosition = position
    }
    index.persisted = index.count
    return index
  }

  #grow(): void {
    const larger = new Int32Array(Math.max(16, this.#entries.length * 2))
    larger.set(this.#entries)
    this.#entries = larger
  }
}

const NO_ENTRIES = new Int32Array(0)
