import type { Offset } from '../base/ids.ts'
import type { DiskFile } from '../native/disk.ts'
import { batchHeader } from '../records/index.ts'
import type { Segment } from './segment.ts'

/** Bytes that one step of a scan reads: an index interval and a header, most of the time. */
const WINDOW_BYTES = 4096 + 64
/** Of a header, what a scan needs: up to the last offset delta. */
const NEEDED_BYTES = batchHeader.LAST_OFFSET_DELTA + 4

/**
 * Hops from batch header to batch header in a segment, inline, for ranges that
 * are in the page cache. One object is reused: `seek`, then `next` until it says
 * false or the caller has seen enough.
 */
export class BatchScan {
  baseOffset: Offset = 0
  lastOffset: Offset = 0
  position = 0
  byteLength = 0
  /** errno of a read that failed, 0 otherwise. */
  errno = 0
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  #file: DiskFile | undefined
  #end = 0
  /** Offsets that the next batch may hold: from here on, and below. No checksum covers them. */
  #offsetFrom: Offset = 0
  #offsetEnd: Offset = 0
  #windowStart = 0
  #windowBytes = 0

  /** The next batch to look at starts at `position` of the segment's open file; nothing at or beyond `end` is. */
  seek(segment: Segment, position: number, end: number): void {
    this.#file = segment.file
    this.#end = end
    this.#offsetFrom = segment.baseOffset
    this.#offsetEnd = segment.endOffset
    this.position = position
    this.byteLength = 0
    this.errno = 0
    this.#windowBytes = 0
  }

  /** Where the batch after the current one starts. */
  get nextPosition(): number {
    return this.position + this.byteLength
  }

  /** Moves to the next batch. False at the end, at a header that makes no sense, and when a read fails (then `errno` is set). */
  next(): boolean {
    const at = this.position + this.byteLength
    this.position = at
    this.byteLength = 0
    if (at + NEEDED_BYTES > this.#end) return false
    let offset = at - this.#windowStart
    if (offset < 0 || offset + NEEDED_BYTES > this.#windowBytes) {
      if (!this.#fill(at)) return false
      offset = 0
    }
    const bytes = this.#window
    const byteLength = batchHeader.batchByteLength(bytes, offset)
    if (byteLength < batchHeader.BATCH_HEADER_BYTES || at + byteLength > this.#end) return false
    const baseOffset = batchHeader.baseOffset(bytes, offset)
    const lastOffset = baseOffset + batchHeader.lastOffsetDelta(bytes, offset)
    if (baseOffset < this.#offsetFrom || lastOffset < baseOffset || lastOffset >= this.#offsetEnd) return false
    this.#offsetFrom = lastOffset + 1
    this.byteLength = byteLength
    this.baseOffset = baseOffset
    this.lastOffset = lastOffset
    return true
  }

  /** Lets go of the file. */
  release(): void {
    this.#file = undefined
  }

  #fill(at: number): boolean {
    const read = this.#file!.readSync(at, this.#window, 0, Math.min(WINDOW_BYTES, this.#end - at))
    this.#windowStart = at
    this.#windowBytes = Math.max(read, 0)
    if (read < 0) this.errno = -read
    return read >= NEEDED_BYTES
  }
}
