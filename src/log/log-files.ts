import type { Clock } from '../base/clock.ts'
import type { CommitFile } from '../base/commit.ts'
import type { Disk } from '../native/disk.ts'
import type { FileCache } from './file-cache.ts'
import { Segment } from './segment.ts'

/**
 * A segment's file as the committer sees it: `sync` covers the file and what must
 * be durable with it. When the cache has closed the file it has synced it before.
 */
export class SegmentCommitFile implements CommitFile {
  readonly #segment: Segment
  readonly #files: FileCache
  readonly #beforeSync: () => Promise<void>

  constructor(options: { segment: Segment; files: FileCache; beforeSync: () => Promise<void> }) {
    this.#segment = options.segment
    this.#files = options.files
    this.#beforeSync = options.beforeSync
  }

  async sync(): Promise<void> {
    await this.#beforeSync()
    await this.#files.sync(this.#segment)
  }

  async startWriteback(position: number, byteLength: number): Promise<void> {
    const segment = this.#segment
    segment.uses++
    try {
      await segment.file?.startWriteback(position, byteLength)
    } finally {
      segment.uses--
    }
  }
}

/** Creates the empty `.log` file of a new segment and hands it to the cache. Its directory entry is not durable yet. */
export async function createSegment(
  room: { readonly disk: Disk; readonly files: FileCache; readonly clock: Clock },
  directory: string,
  baseOffset: number,
  preallocatedBytes = 0,
): Promise<Segment> {
  const segment = new Segment(directory, baseOffset)
  segment.startIndexes()
  segment.createdMs = room.clock.nowMs()
  segment.modifiedMs = segment.createdMs
  const file = await room.disk.open(segment.path('.log'), { write: true, create: true, truncate: true })
  if (preallocatedBytes > 0) {
    try {
      await file.allocate(0, preallocatedBytes, true)
    } catch (error) {
      file.close()
      throw error
    }
  }
  room.files.adopt(segment, file)
  return segment
}
