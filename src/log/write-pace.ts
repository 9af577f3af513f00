/** A write that took this long has slept in the kernel's dirty throttling: a copy of a turn's bytes takes well under 2 ms. */
const SLOW_MS = 20
/** How long writes stay off the loop after a slow one. */
const PENALTY_MS = 1_000

/**
 * Decides whether writes run inline or on a thread. The kernel throttles a
 * writer by putting it to sleep inside pwritev (measured: up to 280 ms at full
 * rate); after one such sleep the loop is spared for a second, then inline
 * writing is tried again.
 */
export class WritePace {
  isSlow = false
  #slowUntilMs = 0

  wrote(tookMs: number, nowMs: number): void {
    if (tookMs > SLOW_MS) {
      this.isSlow = true
      this.#slowUntilMs = nowMs + PENALTY_MS
    } else if (this.isSlow && nowMs > this.#slowUntilMs) {
      this.isSlow = false
    }
  }
}
