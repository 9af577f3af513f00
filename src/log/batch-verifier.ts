import type { Offset } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import type { Slab } from '../native/slab.ts'
import { type BatchChecksum, batchHeader, crc32c } from '../records/index.ts'
import type { FileCache } from './file-cache.ts'
import type { Segment } from './segment.ts'

/** Bytes read at a time; a larger batch is summed up in pieces of this size. */
const WINDOW_BYTES = 1024 * 1024
const { BATCH_HEADER_BYTES } = batchHeader
/** How far the base offset of the next sound batch may lie ahead: batches are below 2^31 records, and many may be lost. */
const OFFSET_LEAP_MAX = 2 ** 40

/** Called for each sound batch: where its header lies in `bytes`, and in the file. */
export type SoundBatchVisitor = (bytes: Buffer, at: number, filePosition: number) => void

export interface VerifierOptions {
  readonly segment: Segment
  readonly fileBytes: number
  readonly position: number
  readonly expectedOffset: Offset
  /** The last batch may begin behind a gap: compaction leaves some. */
  readonly gapsAtEnd: boolean
}

/**
 * Reads stored batches from the disk and believes none of them: framing, format,
 * rising offsets, checksum. For recovery and for examining a damaged segment; it
 * runs on I/O threads, the checksum on the loop, one window at a time.
 */
export class BatchVerifier {
  /** Where the next batch has to begin; after `run`, where the first unsound one does, or the end. */
  position: number
  /** The smallest base offset that the next batch may have. */
  expectedOffset: Offset
  readonly #segment: Segment
  readonly #files: FileCache
  readonly #checksum: BatchChecksum
  readonly #fileBytes: number
  readonly #gapsAtEnd: boolean
  readonly #slab: Slab
  #windowStart = 0
  #windowBytes = 0

  constructor(
    room: { readonly disk: Disk; readonly files: FileCache; readonly checksum: BatchChecksum },
    options: VerifierOptions,
  ) {
    this.#segment = options.segment
    this.#files = room.files
    this.#checksum = room.checksum
    this.#fileBytes = options.fileBytes
    this.position = options.position
    this.expectedOffset = options.expectedOffset
    this.#gapsAtEnd = options.gapsAtEnd
    this.#slab = room.disk.slabs.allocate(Math.min(WINDOW_BYTES, Math.max(options.fileBytes, 1)))
    options.segment.uses++
  }

  /** Gives back what the constructor took; nothing may follow. */
  close(): void {
    this.#segment.uses--
    this.#slab.release()
  }

  /** Visits sound batches in order. True when it came to the end of the file, false in front of bytes that are no sound batch. */
  async run(visit: SoundBatchVisitor): Promise<boolean> {
    while (this.position < this.#fileBytes) {
      if (!(await this.#isSoundBatch(this.position, this.expectedOffset))) return false
      if (!(await this.#isInSequence(this.#gapsAtEnd))) return false
      const at = this.position - this.#windowStart
      const { bytes } = this.#slab
      visit(bytes, at, this.position)
      this.expectedOffset = batchHeader.lastOffset(bytes, at) + 1
      this.position += batchHeader.batchByteLength(bytes, at)
    }
    return true
  }

  /** Base offset of the batch at the current position; undefined when it is not sound. */
  async firstOffset(): Promise<Offset | undefined> {
    if (!(await this.#isSoundBatch(this.position, this.expectedOffset))) return undefined
    return batchHeader.baseOffset(this.#slab.bytes, this.position - this.#windowStart)
  }

  /**
   * Looks for the next sound batch behind the current position, at any byte. True when there is one: `position` and
   * `expectedOffset` are then its own.
   */
  async findNext(): Promise<boolean> {
    for (let candidate = this.position + 1; candidate + BATCH_HEADER_BYTES <= this.#fileBytes; candidate++) {
      if (!(await this.#load(candidate, BATCH_HEADER_BYTES))) return false
      candidate = this.#nextCandidate(candidate)
      if (!(await this.#isSoundBatch(candidate, this.expectedOffset))) continue
      const bad = this.position
      this.position = candidate
      if (await this.#isInSequence(true)) {
        this.expectedOffset = batchHeader.baseOffset(this.#slab.bytes, candidate - this.#windowStart)
        return true
      }
      this.position = bad
    }
    return false
  }

  /**
   * Does the sound batch at the current position have the offset that it was written with? No checksum covers it. Where
   * it leaves a gap, which compaction does too, the batch behind it has to go on from there.
   */
  async #isInSequence(gapsAtEnd: boolean): Promise<boolean> {
    const { bytes } = this.#slab
    const at = this.position - this.#windowStart
    if (batchHeader.baseOffset(bytes, at) === this.expectedOffset) return true
    const lastOffset = batchHeader.lastOffset(bytes, at)
    const next = this.position + batchHeader.batchByteLength(bytes, at)
    if (next + BATCH_HEADER_BYTES > this.#fileBytes) return gapsAtEnd
    if (!(await this.#load(next, BATCH_HEADER_BYTES))) return false
    const follows = isPlausible(bytes, next - this.#windowStart, lastOffset + 1)
    return (await this.#load(this.position, BATCH_HEADER_BYTES)) && follows
  }

  /** The next position in the window, from `position` on, whose magic byte fits; where the window ends when there is none. */
  #nextCandidate(position: number): number {
    const from = position - this.#windowStart + batchHeader.MAGIC
    const found = this.#slab.bytes.subarray(0, this.#windowBytes).indexOf(batchHeader.BATCH_MAGIC, from)
    const last = this.#windowStart + this.#windowBytes - BATCH_HEADER_BYTES
    return found < 0 ? last : Math.min(this.#windowStart + found - batchHeader.MAGIC, Math.max(last, position))
  }

  async #isSoundBatch(position: number, expectedOffset: Offset): Promise<boolean> {
    if (position + BATCH_HEADER_BYTES > this.#fileBytes) return false
    if (!(await this.#load(position, BATCH_HEADER_BYTES))) return false
    const { bytes } = this.#slab
    const at = position - this.#windowStart
    const byteLength = batchHeader.batchByteLength(bytes, at)
    if (byteLength < BATCH_HEADER_BYTES || position + byteLength > this.#fileBytes) return false
    if (!isPlausible(bytes, at, expectedOffset)) return false
    const stored = batchHeader.storedCrc(bytes, at)
    return (await this.#sum(position, byteLength)) === stored
  }

  /** CRC-32C of a batch; afterwards its header is in the window. */
  async #sum(position: number, byteLength: number): Promise<number | undefined> {
    const { bytes } = this.#slab
    if (byteLength <= bytes.length) {
      if (!(await this.#load(position, byteLength))) return undefined
      const at = position - this.#windowStart + batchHeader.ATTRIBUTES
      return this.#checksum(this.#slab, at, byteLength - batchHeader.ATTRIBUTES)
    }
    let crc = 0
    const end = position + byteLength
    for (let from = position + batchHeader.ATTRIBUTES; from < end; from += bytes.length) {
      const wanted = Math.min(bytes.length, end - from)
      if (!(await this.#load(from, wanted))) return undefined
      crc = crc32c(bytes, from - this.#windowStart, from - this.#windowStart + wanted, crc)
    }
    return (await this.#load(position, BATCH_HEADER_BYTES)) ? crc : undefined
  }

  /** Makes sure that the bytes are in the window; false when the file is shorter than it was. */
  async #load(position: number, byteLength: number): Promise<boolean> {
    if (position >= this.#windowStart && position + byteLength <= this.#windowStart + this.#windowBytes) return true
    await this.#files.open(this.#segment)
    const { bytes } = this.#slab
    const wanted = Math.min(bytes.length, this.#fileBytes - position)
    const read = (await this.#segment.file?.read(position, bytes, 0, wanted)) ?? 0
    this.#windowStart = position
    this.#windowBytes = read
    return read >= byteLength
  }
}

/** Everything that a header says by itself. */
function isPlausible(bytes: Buffer, at: number, expectedOffset: Offset): boolean {
  if (batchHeader.magic(bytes, at) !== batchHeader.BATCH_MAGIC) return false
  const baseOffset = batchHeader.baseOffset(bytes, at)
  if (baseOffset < expectedOffset || baseOffset > expectedOffset + OFFSET_LEAP_MAX) return false
  return batchHeader.lastOffsetDelta(bytes, at) >= 0 && batchHeader.recordCount(bytes, at) >= 0
}
