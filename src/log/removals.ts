import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../native/disk.ts'
import type { FileCache } from './file-cache.ts'
import type { Segment } from './segment.ts'
import type { SharedSync } from './shared-sync.ts'

const SEGMENT_SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex']

/**
 * Takes files out of use at once, by renaming them, and unlinks them after a
 * delay, so that answers under way can still be sent. A stop does not wait for the
 * delay: leftovers are known by their names and go at the next start.
 */
export class Removals {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #files: FileCache
  readonly #rootSync: SharedSync
  readonly #running = new Set<Promise<void>>()

  constructor(options: { disk: Disk; clock: Clock; logger: Logger; files: FileCache; rootSync: SharedSync }) {
    this.#disk = options.disk
    this.#clock = options.clock
    this.#logger = options.logger
    this.#files = options.files
    this.#rootSync = options.rootSync
  }

  async segment(segment: Segment, delayMs: number): Promise<void> {
    segment.removed = true
    const renamed: string[] = []
    for (const file of SEGMENT_SUFFIXES.map((suffix) => segment.path(suffix))) {
      if ((await this.#disk.stat(file)) === undefined) continue
      await this.#disk.rename(file, `${file}.deleted`)
      renamed.push(`${file}.deleted`)
    }
    this.#later(delayMs, async () => {
      this.#files.close(segment)
      for (const file of renamed) await this.#disk.unlink(file)
    })
  }

  async directory(directory: string, delayMs: number): Promise<void> {
    const target = `${directory}.${randomBytes(16).toString('hex')}-delete`
    await this.#disk.rename(directory, target)
    await this.#rootSync.request()
    this.#later(delayMs, () => this.#removeTree(target))
  }

  /** Removes what an earlier process renamed and did not come to unlink. */
  leftover(directory: string): void {
    this.#track(this.#removeTree(directory))
  }

  /** Resolves when nothing is being unlinked. Removals that wait for their delay are left to the next start. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #removeTree(directory: string): Promise<void> {
    for (const entry of await this.#disk.readdir(directory)) {
      const child = `${directory}/${entry.name}`
      if (entry.isDirectory) await this.#removeTree(child)
      else await this.#disk.unlink(child)
    }
    await this.#disk.rmdir(directory)
  }

  #later(delayMs: number, work: () => Promise<void>): void {
    if (delayMs <= 0) this.#track(work())
    else this.#clock.after(delayMs, () => this.#track(work()))
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#logger.warn({ error: String(error) }, 'removing old files failed'))
      .finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
  }
}
