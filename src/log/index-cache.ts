import type { Segment } from './segment.ts'

/**
 * Bounds how many finished segments keep their indexes in memory: the one that
 * was loaded first goes first, and is loaded again when somebody needs it.
 */
export class IndexCache {
  readonly #segmentsMax: number
  readonly #loaded = new Set<Segment>()

  constructor(segmentsMax: number) {
    this.#segmentsMax = segmentsMax
  }

  /** The indexes of a finished segment are in memory, and on disk. */
  loaded(segment: Segment): void {
    this.#loaded.delete(segment)
    this.#loaded.add(segment)
    if (this.#loaded.size <= this.#segmentsMax) return
    for (const oldest of this.#loaded) {
      this.#loaded.delete(oldest)
      oldest.dropIndexes()
      return
    }
  }

  forget(segment: Segment): void {
    this.#loaded.delete(segment)
  }
}
