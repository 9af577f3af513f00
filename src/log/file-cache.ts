import type { Disk, DiskFile } from '../native/disk.ts'
import type { Segment } from './segment.ts'

/**
 * Keeps at most about `filesMax` segment files open, so that ten thousand
 * partitions work within a small `nofile`. A file that is in use is never closed,
 * and one with unsynced bytes is synced before it is: a failed write-back would
 * otherwise be lost with the descriptor.
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
    const file = segment.file
    // Re-ordering on every access would cost more than it saves: only the older half is moved.
    if (file !== undefined && ++segment.lastUse >= 64) {
      segment.lastUse = 0
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

  close(segment: Segment): void {
    this.#open.delete(segment)
    segment.file?.close()
    segment.file = undefined
  }

  async #openNow(segment: Segment): Promise<void> {
    const file = await this.#disk.open(segment.path('.log'), { write: true })
    if (segment.removed) return file.close()
    this.adopt(segment, file)
  }

  #evict(): void {
    let excess = this.#open.size - this.#evicting - this.#filesMax
    if (excess <= 0) return
    for (const segment of this.#open) {
      if (excess <= 0) return
      if (segment.uses > 0 || segment.file === undefined) continue
      excess--
      if (segment.dirty) void this.#syncAndClose(segment, segment.file)
      else this.close(segment)
    }
  }

  async #syncAndClose(segment: Segment, file: DiskFile): Promise<void> {
    this.#evicting++
    segment.uses++
    segment.dirty = false
    try {
      await file.sync()
    } catch (error) {
      this.#onSyncFailed(segment, error instanceof Error ? error : new Error(String(error)))
    }
    segment.uses--
    this.#evicting--
    // Written to meanwhile: leave it open, a later eviction will meet it again.
    if (!segment.dirty && segment.uses === 0 && segment.file === file) this.close(segment)
  }
}
