import type { Clock } from '../base/clock.ts'
import type { CommitCounters } from './commit-counters.ts'
import type { DirtyFile } from './dirty-file.ts'

/**
 * Starts syncs: at most one in flight for a file, at most `syncsInFlightMax` in
 * all, first come first served, no timers. A sync starts at once where it may;
 * what is written to the file while it waits or runs is the next group. A sync is
 * never retried: the kernel reports a loss once, the next sync would say OK.
 */
export class SyncQueue {
  readonly #waiting: DirtyFile[] = []
  readonly #idleWaiters: (() => void)[] = []
  readonly #clock: Clock
  readonly #counters: CommitCounters
  readonly #inFlightMax: number
  #inFlight = 0

  constructor(options: { clock: Clock; counters: CommitCounters; syncsInFlightMax: number }) {
    this.#clock = options.clock
    this.#counters = options.counters
    this.#inFlightMax = options.syncsInFlightMax
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Makes sure that what is wanted of `dirty` will be synced. */
  request(dirty: DirtyFile): void {
    if (dirty.isQueued || dirty.isSyncing) return
    dirty.isQueued = true
    this.#waiting.push(dirty)
    this.#startNext()
  }

  /** Resolves when no sync runs or waits. */
  whenIdle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  #startNext(): void {
    while (this.#inFlight < this.#inFlightMax) {
      const dirty = this.#waiting.shift()
      if (dirty === undefined) return
      dirty.isQueued = false
      if (dirty.isSyncWanted && dirty.lane.failure === undefined) this.#start(dirty)
    }
  }

  #start(dirty: DirtyFile): void {
    const startedMs = this.#clock.monotonicMs()
    this.#inFlight++
    dirty.syncStarted()
    dirty.file.sync().then(
      () => this.#succeeded(dirty, startedMs),
      (error: unknown) => this.#failed(dirty, error),
    )
  }

  #succeeded(dirty: DirtyFile, startedMs: number): void {
    this.#inFlight--
    this.#counters.syncSucceeded(this.#clock.monotonicMs() - startedMs, dirty.syncingGroups, dirty.syncingBytes)
    dirty.syncSucceeded(startedMs)
    // The next group of this file before the lane is told, so that its sync overlaps the answers.
    if (dirty.isSyncWanted) this.request(dirty)
    this.#startNext()
    dirty.lane.synced()
    this.#settleIdle()
  }

  #failed(dirty: DirtyFile, error: unknown): void {
    this.#inFlight--
    this.#counters.syncsFailed++
    dirty.isSyncing = false
    dirty.lane.fail(toError(error))
    this.#startNext()
    this.#settleIdle()
  }

  #settleIdle(): void {
    if (this.#inFlight > 0) return
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
