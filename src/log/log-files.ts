import type { CommitFile } from '../base/commit.ts'
import type { Disk } from '../native/disk.ts'
import type { FileCache } from './file-cache.ts'
import { Segment } from './segment.ts'

/**
 * A segment's file as the committer sees it: opened again when the cache has
 * closed it, kept open while a sync runs, clean once a sync has covered it.
 */
export class SegmentCommitFile implements CommitFile {
  readonly segment: Segment
  readonly #files: FileCache
  readonly #beforeSync: () => Promise<void>

  constructor(options: { segment: Segment; files: FileCache; beforeSync: () => Promise<void> }) {
    this.segment = options.segment
    this.#files = options.files
    this.#beforeSync = options.beforeSync
  }

  async sync(): Promise<void> {
    const { segment } = this
    segment.uses++
    try {
      await this.#beforeSync()
      if (segment.file === undefined) await this.#files.open(segment)
      segment.dirty = false
      await segment.file?.sync()
    } catch (error) {
      segment.dirty = true
      throw error
    } finally {
      segment.uses--
    }
  }

  async startWriteback(position: number, byteLength: number): Promise<void> {
    const { segment } = this
    segment.uses++
    try {
      await segment.file?.startWriteback(position, byteLength)
    } finally {
      segment.uses--
    }
  }
}

/** Creates the `.log` file of a new segment and hands it to the cache. The directory entry is not durable yet. */
export async function createSegment(
  disk: Disk,
  files: FileCache,
  directory: string,
  baseOffset: number,
): Promise<Segment> {
  const segment = new Segment(directory, baseOffset)
  segment.startIndexes()
  const file = await disk.open(segment.path('.log'), { write: true, create: true })
  files.adopt(segment, file)
  return segment
}
