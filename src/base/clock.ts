/** A timer that was set; `cancel` is idempotent. */
export interface Timer {
  cancel(): void
}

/**
 * Time, injected. Durations come from the monotonic clock, timestamps from the
 * wall clock; a simulation replaces both. Timers are unreferenced: they never
 * keep the process alive by themselves.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number
  /** Monotonic, milliseconds, fractional. */
  monotonicMs(): number
  /** Calls `action` once after `delayMs`. */
  after(delayMs: number, action: () => void): Timer
  /** Calls `action` every `periodMs`. */
  every(periodMs: number, action: () => void): Timer
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, action) {
    const handle = setTimeout(action, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  every(periodMs, action) {
    const handle = setInterval(action, periodMs)
    handle.unref()
    return { cancel: () => clearInterval(handle) }
  },
}
