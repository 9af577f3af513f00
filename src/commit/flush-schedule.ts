import type { Clock, Timer } from '../base/clock.ts'

/**
 * Calls `due` for each item once, `delayMs` after it was added. Items of one
 * delay become due in the order in which they were added, so each delay needs a
 * queue and one timer, however many items wait: topics share a handful of
 * flush.ms values.
 */
export class FlushSchedule<Item> {
  readonly #clock: Clock
  readonly #due: (item: Item) => void
  readonly #queues = new Map<number, DelayQueue<Item>>()
  #isStopped = false

  constructor(options: { clock: Clock; due: (item: Item) => void }) {
    this.#clock = options.clock
    this.#due = options.due
  }

  /** Timers that are set: one for each distinct delay that has items. */
  get timerCount(): number {
    return this.#queues.size
  }

  add(item: Item, delayMs: number): void {
    if (this.#isStopped) return
    const entry = { item, dueMs: this.#clock.monotonicMs() + delayMs }
    const queue = this.#queues.get(delayMs)
    if (queue !== undefined) {
      queue.entries.push(entry)
      return
    }
    const timer = this.#clock.after(delayMs, () => this.#fire(delayMs))
    this.#queues.set(delayMs, { entries: [entry], timer })
  }

  stop(): void {
    this.#isStopped = true
    for (const queue of this.#queues.values()) queue.timer.cancel()
    this.#queues.clear()
  }

  #fire(delayMs: number): void {
    const queue = this.#queues.get(delayMs)
    if (queue === undefined) return
    const nowMs = this.#clock.monotonicMs()
    const first = queue.entries.findIndex((entry) => entry.dueMs > nowMs)
    const ready = queue.entries.splice(0, first === -1 ? queue.entries.length : first)
    const next = queue.entries[0]
    // Before `due` is called, which may add items of the same delay.
    if (next === undefined) this.#queues.delete(delayMs)
    else queue.timer = this.#clock.after(next.dueMs - nowMs, () => this.#fire(delayMs))
    for (const entry of ready) this.#due(entry.item)
  }
}

interface DelayQueue<Item> {
  readonly entries: { readonly item: Item; readonly dueMs: number }[]
  timer: Timer
}
