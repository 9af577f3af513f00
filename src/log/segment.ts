import type { Offset, TimestampMs } from '../base/ids.ts'
import type { Disk, DiskFile } from '../native/disk.ts'
import { isDiskError } from './disk-error.ts'
import { OFFSET_INDEX_ENTRY_BYTES, OffsetIndex } from './offset-index.ts'
import { TIME_INDEX_ENTRY_BYTES, TimeIndex } from './time-index.ts'

/** A boundary between batches that was handed to a reader: the next read of a consumer usually starts there. */
const HINTS = 4

/** Kafka's file name: the base offset as 20 digits. */
export function segmentName(baseOffset: Offset): string {
  return String(baseOffset).padStart(20, '0')
}

/** Bytes of a segment that are no sound batches, and the offsets that are lost with them. Positions may be equal: the bytes are missing. */
export interface Damage {
  readonly from: Offset
  readonly to: Offset
  readonly position: number
  readonly endPosition: number
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
  /** Bytes below were there when the log was opened: nobody knows whether they are in the page cache. */
  inheritedBytes = 0
  /** -1 when no record has a timestamp, or the segment is not described yet. */
  maxTimestamp: TimestampMs = -1
  /** Last offset of the batch that holds `maxTimestamp`. */
  maxTimestampOffset: Offset
  /** Timestamp of the first batch, for segment.ms; -1 while empty. */
  firstTimestamp: TimestampMs = -1
  /** Wall clock at creation and at the last write, where records have no timestamps. */
  createdMs: TimestampMs = 0
  modifiedMs: TimestampMs = 0
  /** `maxTimestamp` is known; finished segments are looked at when somebody asks. */
  described = true
  bytesSinceIndexEntry = 0
  index: OffsetIndex | undefined
  timeIndex: TimeIndex | undefined
  /** The index files hold what the memory does, closing entry included. */
  indexesStored = true
  /** In order; undefined when the whole segment is sound as far as is known. */
  damage: readonly Damage[] | undefined
  /** Every batch was verified since the log was opened. */
  verified = false
  /** Unlinked, or about to be. */
  removed = false

  // The file cache's:
  file: DiskFile | undefined
  opening: Promise<void> | undefined
  syncing: Promise<void> | undefined
  syncNext: Promise<void> | undefined
  syncFailure: Error | undefined
  /** Reads in progress or queued writes: the file may not be closed. */
  uses = 0
  /** May hold bytes that no sync has covered. */
  dirty = false
  fileUses = 0

  // The reader's: a cold range that is being read, or was read and may be believed to be resident once.
  warming: Promise<void> | undefined
  warmStart = 0
  warmEnd = 0

  #hints: Float64Array | undefined
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
    if (this.size === 0) this.firstTimestamp = maxTimestamp
    if (this.bytesSinceIndexEntry > indexIntervalBytes) {
      this.index!.add(lastOffset, this.size)
      this.timeIndex!.maybeAdd(this.maxTimestamp, this.maxTimestampOffset)
      this.bytesSinceIndexEntry = 0
    }
    this.bytesSinceIndexEntry += byteLength
    this.size += byteLength
    this.endOffset = lastOffset + 1
    this.indexesStored = false
  }

  startIndexes(): void {
    this.index = new OffsetIndex(this.baseOffset)
    this.timeIndex = new TimeIndex(this.baseOffset)
    this.indexesStored = false
  }

  /** A reader's answer ended in front of the batch that holds `offset`, at `position`. */
  remember(offset: Offset, position: number): void {
    this.#hints ??= new Float64Array(2 * HINTS).fill(-1)
    const hints = this.#hints
    for (let at = 0; at < hints.length; at += 2) if (hints[at] === offset) return
    hints[this.#nextHint] = offset
    hints[this.#nextHint + 1] = position
    this.#nextHint = (this.#nextHint + 2) % hints.length
  }

  /** Position of the batch that holds `offset`, when a reader ended there lately; -1 otherwise. */
  recall(offset: Offset): number {
    const hints = this.#hints
    if (hints === undefined) return -1
    for (let at = 0; at < hints.length; at += 2) if (hints[at] === offset) return hints[at + 1]!
    return -1
  }

  /** Loads both indexes; false when one is missing or implausible: then both are left as they were, to be rebuilt. */
  async loadIndexes(disk: Disk): Promise<boolean> {
    const [offsets, times] = await Promise.all([
      readIfThere(disk, this.path('.index')),
      readIfThere(disk, this.path('.timeindex')),
    ])
    if (offsets === undefined || times === undefined) return false
    const index = OffsetIndex.decode(this.baseOffset, offsets, this.size)
    const timeIndex = TimeIndex.decode(this.baseOffset, times)
    if (index === undefined || timeIndex === undefined) return false
    // A segment with offset entries has time entries, unless its records have no timestamps: then this costs a scan.
    if (index.count > 0 && timeIndex.count === 0) return false
    this.index = index
    this.timeIndex = timeIndex
    this.indexesStored = true
    return true
  }

  /**
   * Writes what the index files lack. `final` adds the closing time index entry, as Kafka does when a segment is
   * finished. Derived data, so not synced: a bad file is rebuilt.
   */
  async storeIndexes(disk: Disk, final: boolean): Promise<void> {
    const { index, timeIndex } = this
    if (index === undefined || timeIndex === undefined || this.removed) return
    if (final && this.size > 0) timeIndex.maybeAdd(this.maxTimestamp, this.maxTimestampOffset)
    const complete = final && !this.indexesStored
    // Times first: what the offset index covers, the time index does.
    const times = timeIndex.count
    if (complete || times > timeIndex.persisted) {
      const position = timeIndex.persisted * TIME_INDEX_ENTRY_BYTES
      await append(disk, this.path('.timeindex'), position, timeIndex.encode(timeIndex.persisted))
      timeIndex.persisted = times
    }
    const offsets = index.count
    if (complete || offsets > index.persisted) {
      await append(disk, this.path('.index'), index.persisted * OFFSET_INDEX_ENTRY_BYTES, index.encode(index.persisted))
      index.persisted = offsets
    }
    if (final) this.indexesStored = true
  }

  dropIndexes(): void {
    this.index = undefined
    this.timeIndex = undefined
  }
}

async function readIfThere(disk: Disk, path: string): Promise<Buffer | undefined> {
  try {
    return await disk.readFile(path)
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Writes behind what is known to be right; a file written from its beginning loses what an earlier life left in it. */
async function append(disk: Disk, path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await disk.open(path, { write: true, create: true, truncate: position === 0 })
  try {
    if (bytes.length > 0) await file.write(position, bytes)
    if (position > 0) await file.truncate(position + bytes.length)
  } finally {
    file.close()
  }
}
