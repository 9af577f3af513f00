import type { Offset, TimestampMs } from '../base/ids.ts'
import type { Disk, DiskFile } from '../native/disk.ts'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'

/** A boundary between batches that was handed to a reader: the next read of a consumer usually starts there. */
const HINTS = 4

/** Kafka's file name: the base offset as 20 digits. */
export function segmentName(baseOffset: Offset): string {
  return String(baseOffset).padStart(20, '0')
}

/**
 * One segment of a log: a `.log` file of batches back to back, and its two
 * indexes. Knows sizes and positions; whoever writes the file tells it. Indexes
 * of a finished segment are loaded on demand (`loadIndexes`) and may be dropped
 * again (`dropIndexes`); the active segment's are always there.
 */
export class Segment {
  readonly directory: string
  readonly baseOffset: Offset
  /** Bytes of whole batches in the page cache. */
  size = 0
  /** One past the last offset; the next segment's base offset once finished. */
  endOffset: Offset
  maxTimestamp: TimestampMs = -1
  /** Last offset of the batch that holds `maxTimestamp`. */
  maxTimestampOffset: Offset
  /** Timestamp of the first batch, for segment.ms; -1 while empty. */
  firstTimestamp: TimestampMs = -1
  bytesSinceIndexEntry = 0
  index: OffsetIndex | undefined
  timeIndex: TimeIndex | undefined
  /** Owned by the file cache. */
  file: DiskFile | undefined
  opening: Promise<void> | undefined
  /** Reads in progress or queued writes: the file cache may not close it. */
  uses = 0
  /** May hold bytes that no sync has covered. */
  dirty = false
  lastUse = 0
  /** Unlinked, or about to be. */
  removed = false
  readonly #hintOffsets: Offset[] = []
  readonly #hintPositions: number[] = []
  #nextHint = 0

  constructor(directory: string, baseOffset: Offset) {
    this.directory = directory
    this.baseOffset = baseOffset
    this.endOffset = baseOffset
    this.maxTimestampOffset = baseOffset
  }

  path(suffix: string): string {
    return `${this.directory}/${segmentName(this.baseOffset)}${suffix}`
  }

  /** Accounts one batch that was written at `size`. */
  added(lastOffset: Offset, byteLength: number, maxTimestamp: TimestampMs, indexIntervalBytes: number): void {
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp
      this.maxTimestampOffset = lastOffset
    }
    if (this.firstTimestamp < 0) this.firstTimestamp = maxTimestamp
    if (this.bytesSinceIndexEntry > indexIntervalBytes) {
      this.index!.add(lastOffset, this.size)
      this.timeIndex!.maybeAdd(this.maxTimestamp, this.maxTimestampOffset)
      this.bytesSinceIndexEntry = 0
    }
    this.bytesSinceIndexEntry += byteLength
    this.size += byteLength
    this.endOffset = lastOffset + 1
  }

  startIndexes(): void {
    this.index = new OffsetIndex(this.baseOffset)
    this.timeIndex = new TimeIndex(this.baseOffset)
  }

  remember(offset: Offset, position: number): void {
    this.#hintOffsets[this.#nextHint] = offset
    this.#hintPositions[this.#nextHint] = position
    this.#nextHint = (this.#nextHint + 1) % HINTS
  }

  /** Position of the batch that begins at `offset`, when a reader ended there lately; -1 otherwise. */
  recall(offset: Offset): number {
    for (let index = 0; index < this.#hintOffsets.length; index++) {
      if (this.#hintOffsets[index] === offset) return this.#hintPositions[index]!
    }
    return -1
  }

  forgetHints(): void {
    this.#hintOffsets.length = 0
    this.#hintPositions.length = 0
    this.#nextHint = 0
  }

  /** Loads both indexes; a missing or implausible one is left undefined for the caller to rebuild. */
  async loadIndexes(disk: Disk): Promise<boolean> {
    const [offsets, times] = await Promise.all([
      readIfThere(disk, this.path('.index')),
      readIfThere(disk, this.path('.timeindex')),
    ])
    this.index ??= offsets === undefined ? undefined : OffsetIndex.decode(this.baseOffset, offsets, this.size)
    this.timeIndex ??= times === undefined ? undefined : TimeIndex.decode(this.baseOffset, times)
    return this.index !== undefined && this.timeIndex !== undefined
  }

  /**
   * Writes both index files as they are in memory. `final` adds the closing time index entry, as Kafka does when a
   * segment is finished. Derived data: not synced; a bad file is rebuilt.
   */
  async storeIndexes(disk: Disk, final: boolean): Promise<void> {
    if (this.index === undefined || this.timeIndex === undefined || this.removed) return
    if (final && this.size > 0) this.timeIndex.maybeAdd(this.maxTimestamp, this.maxTimestampOffset)
    await replaceFile(disk, this.path('.index'), this.index.encode())
    await replaceFile(disk, this.path('.timeindex'), this.timeIndex.encode())
    this.index.persisted = this.index.count
    this.timeIndex.persisted = this.timeIndex.count
  }

  dropIndexes(): void {
    this.index = undefined
    this.timeIndex = undefined
  }
}

async function readIfThere(disk: Disk, path: string): Promise<Buffer | undefined> {
  const stat = await disk.stat(path)
  return stat === undefined ? undefined : disk.readFile(path)
}

async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const file = await disk.open(path, { write: true, create: true, truncate: true })
  try {
    if (bytes.length > 0) await file.write(0, bytes)
  } finally {
    file.close()
  }
}
