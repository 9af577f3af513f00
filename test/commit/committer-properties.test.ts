import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommitLane, CommitPolicy } from '../../src/base/commit.ts'
import { createCommitter, type ObservedCommitter } from '../../src/commit/index.ts'
import {
  ALWAYS,
  CountingPin,
  FakeClock,
  FakeFile,
  groupOf,
  interval,
  OS,
  RecordingObserver,
  settle,
  type WrittenGroup,
} from './fakes.ts'

/*
 * Random histories of several lanes: writes under changing policies, rolls,
 * truncations, explicit syncs, time passing, and syncs that finish in any order
 * or fail. After every step:
 *   1. everything below a lane's durable end was covered by a sync that began after it was written;
 *   2. nothing is acknowledged that was written under `always` and is not durable;
 *   3. nothing is acknowledged or durable that was not submitted;
 *   4. both ends only rise, but for a truncation;
 *   5. a file has at most one sync in flight, and all files together at most the limit;
 *   6. every pin is released exactly once;
 *   7. a lane fails at most once, and afterwards reports nothing and syncs nothing.
 * At the end, once every sync has succeeded, everything submitted is acknowledged,
 * and after `syncAll` durable.
 */
const SYNCS_IN_FLIGHT_MAX = 3
const POLICIES: CommitPolicy[] = [
  ALWAYS,
  OS,
  interval(10),
  interval(50),
  { durability: 'os', flushMs: Infinity, flushMessages: 7 },
  { durability: 'interval', flushMs: 20, flushMessages: 12 },
]

class ModelLane {
  readonly observer = new RecordingObserver()
  readonly written: WrittenGroup[] = []
  readonly pins: CountingPin[] = []
  readonly files = [new FakeFile()]
  readonly lane: CommitLane
  policy: CommitPolicy = ALWAYS
  end = 0
  seenDurable = -1
  seenCommitted = -1
  eventsAtFailure = 0
  syncCallsAtFailure = 0

  constructor(committer: ObservedCommitter, partition: number) {
    this.lane = committer.openLane(
      { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition, policy: () => this.policy },
      this.observer,
    )
  }

  get hasFailed(): boolean {
    return this.observer.failures.length > 0
  }

  write(records: number): void {
    const file = this.files.at(-1)!
    const pin = new CountingPin()
    this.pins.push(pin)
    const group = groupOf(file, this.end, this.end + records, { pins: [pin] })
    const written = { group, policy: this.policy, isDurable: false, isTruncated: false }
    file.written.push(written)
    this.written.push(written)
    this.end += records
    this.lane.submit(group)
  }

  truncate(back: number): void {
    const end = Math.max(this.end - back, 0)
    for (const written of this.written) if (written.group.endOffset > end) written.isTruncated = true
    this.end = end
    this.seenDurable = Math.min(this.seenDurable, end)
    this.seenCommitted = Math.min(this.seenCommitted, end)
    this.observer.durableEnd = Math.min(this.observer.durableEnd, end)
    this.observer.committedEnd = Math.min(this.observer.committedEnd, end)
    this.lane.truncated(end)
  }

  check(): void {
    const { observer } = this
    for (const { group, policy, isDurable, isTruncated } of this.written) {
      if (isTruncated) continue
      if (group.endOffset <= observer.durableEnd) expect(isDurable).toBe(true)
      if (policy === ALWAYS && group.endOffset <= observer.committedEnd) expect(isDurable).toBe(true)
    }
    expect(observer.durableEnd).toBeLessThanOrEqual(this.end)
    expect(observer.committedEnd).toBeLessThanOrEqual(this.end)
    expect(observer.durableEnd).toBeGreaterThanOrEqual(this.seenDurable)
    expect(observer.committedEnd).toBeGreaterThanOrEqual(this.seenCommitted)
    this.seenDurable = observer.durableEnd
    this.seenCommitted = observer.committedEnd
    for (const file of this.files) expect(file.syncsInFlightMax).toBeLessThanOrEqual(1)
    for (const pin of this.pins) expect(pin.releases).toBe(1)
    expect(observer.failures.length).toBeLessThanOrEqual(1)
    if (this.hasFailed) {
      expect(observer.events.length).toBe(this.eventsAtFailure)
      expect(this.#syncCalls()).toBe(this.syncCallsAtFailure)
    }
  }

  noteFailure(): void {
    this.eventsAtFailure = this.observer.events.length
    this.syncCallsAtFailure = this.#syncCalls()
  }

  #syncCalls(): number {
    return this.files.reduce((sum, file) => sum + file.syncCalls, 0)
  }
}

type Step =
  | { kind: 'write'; lane: number; records: number }
  | { kind: 'policy'; lane: number; policy: number }
  | { kind: 'roll' | 'sync'; lane: number }
  | { kind: 'truncate'; lane: number; back: number }
  | { kind: 'finish' | 'fail'; pick: number }
  | { kind: 'time'; ms: number }

const lanes = fc.nat({ max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('write'), lane: lanes, records: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('policy'), lane: lanes, policy: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('roll'), lane: lanes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync'), lane: lanes }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('truncate'), lane: lanes, back: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('finish'), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.integer({ min: 1, max: 30 }) }) },
)
const failure: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('fail'), pick: fc.nat() })

class Run {
  readonly clock = new FakeClock()
  readonly committer = createCommitter({ clock: this.clock, syncsInFlightMax: SYNCS_IN_FLIGHT_MAX })
  readonly lanes = [0, 1, 2].map((partition) => new ModelLane(this.committer, partition))
  readonly allFiles = this.lanes.flatMap((lane) => lane.files)

  async apply(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        this.lanes[step.lane]!.write(step.records)
        break
      case 'policy':
        this.lanes[step.lane]!.policy = POLICIES[step.policy]!
        break
      case 'roll':
        this.#roll(this.lanes[step.lane]!)
        break
      case 'sync':
        this.lanes[step.lane]!.lane.sync().catch(() => {})
        break
      case 'truncate':
        this.#truncate(this.lanes[step.lane]!, step.back)
        break
      case 'time':
        this.clock.advance(step.ms)
        break
      default:
        await this.#finish(step)
    }
    await settle()
    expect(this.syncing().length).toBeLessThanOrEqual(SYNCS_IN_FLIGHT_MAX)
    for (const lane of this.lanes) lane.check()
  }

  syncing(): FakeFile[] {
    return this.allFiles.filter((file) => file.isSyncing)
  }

  async finishAll(): Promise<void> {
    for (let file = this.syncing()[0]; file !== undefined; file = this.syncing()[0]) await file.succeed()
  }

  #roll(lane: ModelLane): void {
    const file = new FakeFile()
    lane.files.push(file)
    this.allFiles.push(file)
  }

  /** As a log does it: segments above the cut are deleted, the one that holds it is written on. */
  #truncate(lane: ModelLane, back: number): void {
    lane.truncate(back)
    while (lane.files.length > 1 && (lane.files.at(-1)!.written[0]?.group.baseOffset ?? Infinity) >= lane.end) {
      lane.files.pop()
    }
  }

  async #finish(step: { kind: 'finish' | 'fail'; pick: number }): Promise<void> {
    const syncing = this.syncing()
    if (syncing.length === 0) return
    const file = syncing[step.pick % syncing.length]!
    const before = this.lanes.map((lane) => lane.hasFailed)
    if (step.kind === 'finish') await file.succeed()
    else await file.fail(new Error('EIO'))
    for (const [index, lane] of this.lanes.entries()) if (!before[index] && lane.hasFailed) lane.noteFailure()
  }
}

describe('a committer, whatever happens', () => {
  it('keeps its promises, and everything completes once the disk has answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const run = new Run()
        for (const each of steps) await run.apply(each)
        await run.finishAll()
        for (const lane of run.lanes) {
          lane.check()
          if (lane.end > 0) expect(lane.observer.committedEnd).toBe(lane.end)
        }
        const synced = run.committer.syncAll()
        await settle()
        await run.finishAll()
        await synced
        for (const lane of run.lanes) {
          lane.check()
          if (lane.written.some((written) => !written.isTruncated)) expect(lane.observer.durableEnd).toBe(lane.end)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps its promises when syncs fail', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 20, arbitrary: step }, { weight: 1, arbitrary: failure }), { maxLength: 80 }),
        async (steps) => {
          const run = new Run()
          for (const each of steps) await run.apply(each)
          await run.finishAll()
          for (const lane of run.lanes) {
            lane.check()
            if (lane.hasFailed) await expect(lane.lane.sync()).rejects.toThrow('EIO')
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
