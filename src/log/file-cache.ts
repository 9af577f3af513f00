import type { Disk, DiskFile } from '../native/disk.ts'
import type { Segment } from './segment.ts'

/** Uses of a file between two moves to the young end of the list: moving it at each use would cost more than it saves. */
const USES_PER_MOVE = 64

/**
 * Keeps at most about `filesMax` segment files open, so that ten thousand
 * partitions work within a small `nofile`. A file in use is never closed, and one
 * with unsynced bytes is synced before it is: a failed write-back would otherwise
 * be lost with the descriptor. So a segment without an open file is durable.
 *
 * All syncs of segments go through here: at most one is in flight per file, and
 * after one has failed every later one is answered with its error, because the
 * kernel reports a loss once and then says OK.
 */
export class FileCache {
  readonly #disk: Disk
  readonly #filesMax: number
  /** Open segments, least recently used first. */
  readonly #open = new Set<Segment>()
  readonly #onSyncFailed: (segment: Segment, error: Error) => void
  #evicting = 0

  constructor(options: { disk: Disk; filesMax: number; onSyncFailed: (segment: Segment, error: Error) => void }) {
    this.#disk = options.disk
    this.#filesMax = options.filesMax
    this.#onSyncFailed = options.onSyncFailed
  }

  get openCount(): number {
    return this.#open.size
  }

  /** The open file, or undefined: then `open` it first. */
  get(segment: Segment): DiskFile | undefined {
    const { file } = segment
    if (file !== undefined && ++segment.fileUses >= USES_PER_MOVE) {
      segment.fileUses = 0
      this.#open.delete(segment)
      this.#open.add(segment)
    }
    return file
  }

  /** Opens the segment's `.log`; one attempt at a time, shared. */
  open(segment: Segment): Promise<void> {
    if (segment.file !== undefined) return Promise.resolve()
    segment.opening ??= this.#openNow(segment).finally(() => {
      segment.opening = undefined
    })
    return segment.opening
  }

  /** Hands over a file that was just created. */
  adopt(segment: Segment, file: DiskFile): void {
    segment.file = file
    this.#open.add(segment)
    this.#evict()
  }

  /** For segments whose bytes are durable, or do not matter any more. */
  close(segment: Segment): void {
    this.#open.delete(segment)
    segment.file?.close()
    segment.file = undefined
  }

  /** Resolves once everything written to the segment before the call is on the device. */
  sync(segment: Segment): Promise<void> {
    if (segment.syncFailure !== undefined) return Promise.reject(segment.syncFailure)
    if (segment.syncing === undefined) return this.#startSync(segment)
    segment.syncNext ??= segment.syncing.then(() => {
      segment.syncNext = undefined
      return this.#startSync(segment)
    })
    return segment.syncNext
  }

  #startSync(segment: Segment): Promise<void> {
    if (segment.file === undefined || !segment.dirty) return Promise.resolve()
    const syncing = this.#syncNow(segment, segment.file)
    segment.syncing = syncing
    return syncing
  }

  async #syncNow(segment: Segment, file: DiskFile): Promise<void> {
    segment.uses++
    segment.dirty = false
    try {
      await file.sync()
    } catch (error) {
      segment.dirty = true
      segment.syncFailure = error instanceof Error ? error : new Error(String(error))
      throw segment.syncFailure
    } finally {
      segment.uses--
      segment.syncing = undefined
    }
  }

  async #openNow(segment: Segment): Promise<void> {
    const file = await this.#disk.open(segment.path('.log'), { write: true })
    if (segment.removed) file.close()
    else this.adopt(segment, file)
  }

  #evict(): void {
    let excess = this.#open.size - this.#evicting - this.#filesMax
    if (excess <= 0) return
    for (const segment of this.#open) {
      if (excess <= 0) return
      if (segment.uses > 0 || segment.syncFailure !== undefined) continue
      excess--
      if (segment.dirty) void this.#syncAndClose(segment)
      else this.close(segment)
    }
  }

  async #syncAndClose(segment: Segment): Promise<void> {
    this.#evicting++
    try {
      await this.sync(segment)
    } catch (error) {
      this.#onSyncFailed(segment, error instanceof Error ? error : new Error(String(error)))
    }
    this.#evicting--
    // Written to or read meanwhile: it stays open, a later eviction will meet it again.
    if (!segment.dirty && segment.uses === 0) this.close(segment)
  }
}
