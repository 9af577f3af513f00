import type { Timer } from '../base/clock.ts'
import type { Connection, ParkedRequest } from '../net/index.ts'
import type { RequestHeader } from '../protocol/index.ts'
import type { FetchSession, FetchTarget } from './fetch-session.ts'
import type { Partition } from './partition.ts'
import type { Woken } from './turn.ts'

/** How a pending fetch asks to be looked at again. */
export interface FetchRechecker {
  recheck(fetch: PendingFetch): void
  /** The wait is over. */
  expire(fetch: PendingFetch): void
  /** Others wait behind it. */
  hurry(fetch: PendingFetch): void
  /** Nobody is there to be answered. */
  forget(fetch: PendingFetch): void
}

/**
 * One Fetch request from arrival to answer. It is rechecked when a partition it
 * follows gets data, when a cold read has arrived, and when its wait ends
 * (`expired` is then set and it is answered with what exists).
 */
export class PendingFetch implements Woken, ParkedRequest {
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
  /** Monotonic. */
  readonly deadlineMs: number
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
    nowMs: number
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
    this.deadlineMs = options.nowMs + Math.max(options.maxWaitMs, 0)
    this.minBytes = options.minBytes
    this.maxBytes = options.maxBytes
    this.#rechecker = options.rechecker
  }

  recheck(): void {
    this.woken = false
    if (!this.done) this.#rechecker.recheck(this)
  }

  abandoned(): void {
    this.#rechecker.forget(this)
  }

  peerEnded(): void {
    this.#rechecker.expire(this)
  }

  othersWait(): void {
    this.#rechecker.hurry(this)
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
