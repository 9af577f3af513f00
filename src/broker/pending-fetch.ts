import type { Timer } from '../base/clock.ts'
import type { Connection } from '../net/index.ts'
import type { RequestHeader } from '../protocol/index.ts'
import type { FetchSession, FetchTarget } from './fetch-session.ts'
import type { Partition } from './partition.ts'
import type { Woken } from './turn.ts'

/** How a pending fetch asks to be looked at again. */
export interface FetchRechecker {
  recheck(fetch: PendingFetch): void
}

/**
 * One Fetch request from arrival to answer. It is rechecked when a partition it
 * follows gets data, when a cold read has arrived, and when its wait ends
 * (`expired` is then set and it is answered with what exists).
 */
export class PendingFetch implements Woken {
  woken = false
  /** The longest wait is over. */
  expired = false
  /** Answered or abandoned: later wake-ups mean nothing. */
  done = false
  /** A read of this fetch is under way on an I/O thread. */
  reading = false
  /** Partitions whose read failed on an I/O thread: the next pass answers an error for them instead of reading again. */
  failedReads: Set<FetchTarget> | undefined
  /** Partitions whose file was found readable, or is being looked at. */
  verified: Set<FetchTarget> | undefined
  timer: Timer | undefined
  readonly connection: Connection
  readonly header: RequestHeader
  readonly targets: readonly FetchTarget[]
  readonly session: FetchSession | undefined
  /** List only what changed. */
  readonly incremental: boolean
  readonly sessionId: number
  readonly readCommitted: boolean
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly #waitsOn: Partition[] = []
  readonly #rechecker: FetchRechecker

  constructor(options: {
    connection: Connection
    header: RequestHeader
    targets: readonly FetchTarget[]
    session: FetchSession | undefined
    incremental: boolean
    sessionId: number
    readCommitted: boolean
    maxWaitMs: number
    minBytes: number
    maxBytes: number
    rechecker: FetchRechecker
  }) {
    this.connection = options.connection
    this.header = options.header
    this.targets = options.targets
    this.session = options.session
    this.incremental = options.incremental
    this.sessionId = options.sessionId
    this.readCommitted = options.readCommitted
    this.maxWaitMs = options.maxWaitMs
    this.minBytes = options.minBytes
    this.maxBytes = options.maxBytes
    this.#rechecker = options.rechecker
  }

  recheck(): void {
    this.woken = false
    if (!this.done) this.#rechecker.recheck(this)
  }

  waitOn(partition: Partition): void {
    partition.addWaiter(this)
    this.#waitsOn.push(partition)
  }

  /** Leaves every waiting list; no recheck follows. */
  finish(): void {
    this.done = true
    this.timer?.cancel()
    for (const partition of this.#waitsOn) partition.removeWaiter(this)
    this.#waitsOn.length = 0
  }
}
