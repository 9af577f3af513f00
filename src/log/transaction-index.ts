import type { Offset, ProducerId } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'

/**
 * Aborted transactions of one log, in memory. On disk each segment has a
 * `.txnindex` of 34-byte entries, absent when empty:
 *   version int16 = 0 | producerId int64 | firstOffset int64 | lastOffset int64 | lastStableOffset int64
 */
const ENTRY_BYTES = 34

interface AbortedTransaction {
  readonly producerId: ProducerId
  readonly firstOffset: Offset
  readonly lastOffset: Offset
  readonly lastStableOffset: Offset
}

export class TransactionIndex {
  #entries: AbortedTransaction[] = []

  get count(): number {
    return this.#entries.length
  }

  add(entry: AbortedTransaction): void {
    this.#entries.push(entry)
  }

  /** Transactions with a record in [from, to). */
  overlapping(from: Offset, to: Offset): { producerId: ProducerId; firstOffset: Offset }[] {
    if (this.#entries.length === 0) return []
    return this.#entries.filter((entry) => entry.firstOffset < to && entry.lastOffset >= from)
  }

  truncateTo(endOffset: Offset): void {
    this.#entries = this.#entries.filter((entry) => entry.lastOffset < endOffset)
  }

  truncateFromStart(startOffset: Offset): void {
    this.#entries = this.#entries.filter((entry) => entry.lastOffset >= startOffset)
  }

  /** Adds the entries of one segment's file. False when the file is not whole. */
  async load(disk: Disk, path: string): Promise<boolean> {
    const bytes = await disk.readFile(path)
    if (bytes.length % ENTRY_BYTES !== 0) return false
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
      if (bytes.readInt16BE(at) !== 0) return false
      this.add({
        producerId: Number(bytes.readBigInt64BE(at + 2)),
        firstOffset: Number(bytes.readBigInt64BE(at + 10)),
        lastOffset: Number(bytes.readBigInt64BE(at + 18)),
        lastStableOffset: Number(bytes.readBigInt64BE(at + 26)),
      })
    }
    return true
  }
}
