/**
 * Lets many callers share few syncs of one directory: a call is covered by the
 * first sync that begins after it, and while one runs all that come share the next.
 */
export class SharedSync {
  readonly #sync: () => Promise<void>
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(sync: () => Promise<void>) {
    this.#sync = sync
  }

  request(): Promise<void> {
    this.#next ??= this.#after(this.#running)
    return this.#next
  }

  async #after(running: Promise<void>): Promise<void> {
    await running.catch(() => {})
    this.#running = this.#next ?? running
    this.#next = undefined
    await this.#sync()
  }
}
