import type { Clock, Timer } from '../../src/base/clock.ts'
import type { CommitFile, CommitGroup, CommitObserver, CommitPolicy, Pin } from '../../src/base/commit.ts'

/** Time that moves only when told; timers fire in order of their time. */
export class FakeClock implements Clock {
  #nowMs = 1_000
  #timers: { dueMs: number; action: () => void; periodMs: number | undefined }[] = []

  nowMs(): number {
    return this.#nowMs
  }
  monotonicMs(): number {
    return this.#nowMs
  }
  after(delayMs: number, action: () => void): Timer {
    return this.#add({ dueMs: this.#nowMs + delayMs, action, periodMs: undefined })
  }
  every(periodMs: number, action: () => void): Timer {
    return this.#add({ dueMs: this.#nowMs + periodMs, action, periodMs })
  }
  get timerCount(): number {
    return this.#timers.length
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const next = this.#timers.filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined) break
      this.#nowMs = next.dueMs
      if (next.periodMs === undefined) this.#timers.splice(this.#timers.indexOf(next), 1)
      else next.dueMs += next.periodMs
      next.action()
    }
    this.#nowMs = untilMs
  }

  #add(timer: { dueMs: number; action: () => void; periodMs: number | undefined }): Timer {
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }
}

/** A group as the disk sees it: durable once a sync that began after the write has succeeded. */
export interface WrittenGroup {
  readonly group: CommitGroup
  readonly policy: CommitPolicy
  isDurable: boolean
  isTruncated: boolean
}

interface PendingSync {
  readonly covers: readonly WrittenGroup[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A file whose syncs finish when the test says so. */
export class FakeFile implements CommitFile {
  readonly written: WrittenGroup[] = []
  readonly writebacks: [number, number][] = []
  syncCalls = 0
  syncsInFlight = 0
  syncsInFlightMax = 0
  writebackFailure: Error | undefined
  #pending: PendingSync | undefined

  sync(): Promise<void> {
    this.syncCalls++
    this.syncsInFlight++
    this.syncsInFlightMax = Math.max(this.syncsInFlightMax, this.syncsInFlight)
    return new Promise((resolve, reject) => {
      this.#pending = { covers: [...this.written], resolve, reject }
    })
  }

  async startWriteback(position: number, byteLength: number): Promise<void> {
    this.writebacks.push([position, byteLength])
    if (this.writebackFailure !== undefined) throw this.writebackFailure
  }

  get isSyncing(): boolean {
    return this.#pending !== undefined
  }

  /** Finishes the sync in flight, and lets what waits for it run. */
  async succeed(): Promise<void> {
    const pending = this.#take()
    for (const written of pending.covers) written.isDurable = true
    pending.resolve()
    await settle()
  }

  async fail(error: Error): Promise<void> {
    this.#take().reject(error)
    await settle()
  }

  #take(): PendingSync {
    const pending = this.#pending
    if (pending === undefined) throw new Error('no sync is in flight')
    this.#pending = undefined
    this.syncsInFlight--
    return pending
  }
}

/** Lets every promise that is ready run. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await Promise.resolve()
}

export class CountingPin implements Pin {
  releases = 0
  release(): void {
    this.releases++
  }
}

/** Writes down what it is told. */
export class RecordingObserver implements CommitObserver {
  readonly events: string[] = []
  committedEnd = -1
  durableEnd = -1
  failures: Error[] = []

  committed(end: number): void {
    this.committedEnd = end
    this.events.push(`committed ${end}`)
  }
  durable(end: number): void {
    this.durableEnd = end
    this.events.push(`durable ${end}`)
  }
  failed(error: Error): void {
    this.failures.push(error)
    this.events.push(`failed ${error.message}`)
  }
}

export function groupOf(
  file: CommitFile,
  baseOffset: number,
  endOffset: number,
  fields: { byteLength?: number; filePosition?: number; pins?: readonly Pin[] } = {},
): CommitGroup {
  return {
    leaderEpoch: 0,
    baseOffset,
    endOffset,
    file,
    filePosition: fields.filePosition ?? baseOffset * 100,
    byteLength: fields.byteLength ?? (endOffset - baseOffset) * 100,
    rows: new Int32Array(3),
    rowCount: 1,
    pins: fields.pins ?? [],
  }
}

export const ALWAYS: CommitPolicy = { durability: 'always', flushMs: Infinity, flushMessages: Infinity }
export const OS: CommitPolicy = { durability: 'os', flushMs: Infinity, flushMessages: Infinity }
export function interval(flushMs: number): CommitPolicy {
  return { durability: 'interval', flushMs, flushMessages: Infinity }
}
