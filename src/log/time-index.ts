import type { Offset, TimestampMs } from '../base/ids.ts'

/** Bytes of one entry on disk: timestamp int64, relative offset int32. */
export const TIME_INDEX_ENTRY_BYTES = 12

/**
 * The sparse time index of one segment, in memory. An entry is the largest
 * timestamp so far and the last offset of the batch that holds it; timestamps
 * rise strictly. Added together with offset index entries and once when the
 * segment is finished.
 */
export class TimeIndex {
  readonly baseOffset: Offset
  #timestamps: number[] = []
  #relatives: number[] = []
  /** Entries that the file on disk already holds. */
  persisted = 0

  constructor(baseOffset: Offset) {
    this.baseOffset = baseOffset
  }

  get count(): number {
    return this.#timestamps.length
  }

  get lastTimestamp(): TimestampMs {
    return this.#timestamps.length === 0 ? -1 : this.#timestamps[this.#timestamps.length - 1]!
  }

  get lastOffset(): Offset {
    return this.#relatives.length === 0
      ? this.baseOffset
      : this.baseOffset + this.#relatives[this.#relatives.length - 1]!
  }

  /** Ignored unless the timestamp is above the last entry's. */
  maybeAdd(timestamp: TimestampMs, offset: Offset): void {
    if (timestamp < 0 || timestamp <= this.lastTimestamp) return
    this.#timestamps.push(timestamp)
    this.#relatives.push(offset - this.baseOffset)
  }

  /** The offset of the last entry whose timestamp is below `timestamp`: every earlier record is older. The base offset when there is none. */
  floorOffset(timestamp: TimestampMs): Offset {
    let low = 0
    let high = this.#timestamps.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timestamps[middle]! < timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? this.baseOffset : this.baseOffset + this.#relatives[low - 1]!
  }

  /** Drops entries of offsets at or above `offset`. */
  truncateTo(offset: Offset): void {
    const relative = offset - this.baseOffset
    while (this.#relatives.length > 0 && this.#relatives[this.#relatives.length - 1]! >= relative) {
      this.#relatives.pop()
      this.#timestamps.pop()
    }
    this.persisted = Math.min(this.persisted, this.count)
  }

  /** Entries [from, count) as they are stored. */
  encode(from = 0): Buffer {
    const bytes = Buffer.allocUnsafe((this.count - from) * TIME_INDEX_ENTRY_BYTES)
    for (let index = from; index < this.count; index++) {
      const at = (index - from) * TIME_INDEX_ENTRY_BYTES
      bytes.writeBigInt64BE(BigInt(this.#timestamps[index]!), at)
      bytes.writeInt32BE(this.#relatives[index]!, at + 8)
    }
    return bytes
  }

  /** An index from stored bytes, or undefined when they cannot be one. */
  static decode(baseOffset: Offset, bytes: Buffer): TimeIndex | undefined {
    if (bytes.length % TIME_INDEX_ENTRY_BYTES !== 0) return undefined
    const index = new TimeIndex(baseOffset)
    for (let at = 0; at < bytes.length; at += TIME_INDEX_ENTRY_BYTES) {
      const timestamp = Number(bytes.readBigInt64BE(at))
      const relative = bytes.readInt32BE(at + 8)
      if (timestamp === 0 && relative === 0 && at > 0) break
      if (!Number.isSafeInteger(timestamp) || relative < 0) return undefined
      if (index.count > 0 && (timestamp <= index.lastTimestamp || baseOffset + relative < index.lastOffset))
        return undefined
      index.maybeAdd(timestamp, baseOffset + relative)
    }
    index.persisted = index.count
    return index
  }
}
