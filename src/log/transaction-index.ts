import type { Offset, ProducerId } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { parseSegmentName } from './data-directory.ts'
import { segmentName } from './segment.ts'

/**
 * Aborted transactions of one log, in memory. On disk each segment has a
 * `.txnindex` of 34-byte entries for the markers that it holds, absent when there
 * are none:
 *   version int16 = 0 | producerId int64 | firstOffset int64 | lastOffset int64 | lastStableOffset int64
 */
const VERSION = 0
const ENTRY_BYTES = 34

export interface AbortedTransaction {
  readonly producerId: ProducerId
  readonly firstOffset: Offset
  /** Of the marker. */
  readonly lastOffset: Offset
  readonly lastStableOffset: Offset
}

export class TransactionIndex {
  #entries: AbortedTransaction[] = NO_ENTRIES

  get count(): number {
    return this.#entries.length
  }

  add(entry: AbortedTransaction): void {
    if (this.#entries === NO_ENTRIES) this.#entries = []
    this.#entries.push(entry)
  }

  /** Transactions with a record in [from, to). */
  overlapping(from: Offset, to: Offset): { producerId: ProducerId; firstOffset: Offset }[] {
    if (this.#entries.length === 0) return []
    return this.#entries.filter((entry) => entry.firstOffset < to && entry.lastOffset >= from)
  }

  truncateFromStart(startOffset: Offset): void {
    if (this.#entries.length > 0) this.#entries = this.#entries.filter((entry) => entry.lastOffset >= startOffset)
  }

  /** Adds what the segment files hold of markers in [from, to). Returns false when one of them is not whole: entries may be missing. */
  async load(
    disk: Disk,
    directory: string,
    names: readonly string[],
    range: { from: Offset; to: Offset },
  ): Promise<boolean> {
    let whole = true
    for (const name of names.filter((candidate) => parseSegmentName(candidate, '.txnindex') !== undefined).sort()) {
      const bytes = await disk.readFile(`${directory}/${name}`)
      whole = this.#decode(bytes, range) && whole
    }
    return whole
  }

  /** Replaces the file of one segment by the markers in [baseOffset, endOffset); none, no file. */
  async store(disk: Disk, directory: string, segment: { baseOffset: Offset; endOffset: Offset }): Promise<void> {
    const path = `${directory}/${segmentName(segment.baseOffset)}.txnindex`
    const entries = this.#entries.filter(
      (entry) => entry.lastOffset >= segment.baseOffset && entry.lastOffset < segment.endOffset,
    )
    if (entries.length === 0) return disk.unlink(path)
    await disk.writeFileAtomic(path, encode(entries))
  }

  #decode(bytes: Buffer, range: { from: Offset; to: Offset }): boolean {
    for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
      if (bytes.readInt16BE(at) !== VERSION) return false
      const entry = {
        producerId: Number(bytes.readBigInt64BE(at + 2)),
        firstOffset: Number(bytes.readBigInt64BE(at + 10)),
        lastOffset: Number(bytes.readBigInt64BE(at + 18)),
        lastStableOffset: Number(bytes.readBigInt64BE(at + 26)),
      }
      if (entry.lastOffset >= range.from && entry.lastOffset < range.to) this.add(entry)
    }
    return bytes.length % ENTRY_BYTES === 0
  }
}

/** Shared by all logs without aborted transactions. */
const NO_ENTRIES: AbortedTransaction[] = []

function encode(entries: readonly AbortedTransaction[]): Buffer {
  const bytes = Buffer.alloc(entries.length * ENTRY_BYTES)
  entries.forEach((entry, index) => {
    const at = index * ENTRY_BYTES
    bytes.writeInt16BE(VERSION, at)
    bytes.writeBigInt64BE(BigInt(entry.producerId), at + 2)
    bytes.writeBigInt64BE(BigInt(entry.firstOffset), at + 10)
    bytes.writeBigInt64BE(BigInt(entry.lastOffset), at + 18)
    bytes.writeBigInt64BE(BigInt(entry.lastStableOffset), at + 26)
  })
  return bytes
}
