import { beforeEach, describe, expect, it } from 'vitest'
import type { CommitLane, CommitPolicy } from '../../src/base/commit.ts'
import { createCommitter, type ObservedCommitter } from '../../src/commit/index.ts'
import { ALWAYS, CountingPin, FakeClock, FakeFile, groupOf, interval, OS, RecordingObserver, settle } from './fakes.ts'

let clock: FakeClock
let committer: ObservedCommitter
let observer: RecordingObserver
let lane: CommitLane
let policy: CommitPolicy
let file: FakeFile

function openLane(target: RecordingObserver): CommitLane {
  return committer.openLane(
    { topic: 'topic', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0, policy: () => policy },
    target,
  )
}

beforeEach(() => {
  clock = new FakeClock()
  committer = createCommitter({ clock, syncsInFlightMax: 2, dirtyBytesBudget: 2 * 1024 * 1024 })
  observer = new RecordingObserver()
  policy = ALWAYS
  lane = openLane(observer)
  file = new FakeFile()
})

describe('always', () => {
  it('acknowledges after a sync that began after the write', async () => {
    lane.submit(groupOf(file, 0, 10))
    expect(observer.events).toEqual([])
    await file.succeed()
    expect(observer.events).toEqual(['durable 10', 'committed 10'])
  })

  it('makes one group of all that arrives during a sync', async () => {
    lane.submit(groupOf(file, 0, 10))
    lane.submit(groupOf(file, 10, 20))
    lane.submit(groupOf(file, 20, 30))
    expect(file.syncCalls).toBe(1)
    await file.succeed()
    expect(observer.committedEnd).toBe(10)
    expect(file.syncCalls).toBe(2)
    await file.succeed()
    expect(observer.committedEnd).toBe(30)
    expect(file.syncCalls).toBe(2)
    expect(committer.snapshot()).toMatchObject({ syncs: 2, groupsSynced: 3, groupsSubmitted: 3 })
  })

  it('holds a new segment back until the old one is durable', async () => {
    const next = new FakeFile()
    lane.submit(groupOf(file, 0, 10))
    lane.submit(groupOf(next, 10, 20))
    await next.succeed()
    expect(observer.events).toEqual([])
    await file.succeed()
    expect(observer.events).toEqual(['durable 20', 'committed 20'])
  })

  it('syncs several files at once, but no more than allowed', async () => {
    const files = [0, 1, 2, 3].map(() => new FakeFile())
    for (const each of files) openLane(new RecordingObserver()).submit(groupOf(each, 0, 1))
    expect(files.map((each) => each.isSyncing)).toEqual([true, true, false, false])
    await files[0]!.succeed()
    expect(files.map((each) => each.isSyncing)).toEqual([false, true, true, false])
    // What waited for its turn has gathered another group meanwhile: one sync covers both.
    await files[1]!.succeed()
    expect(files[3]!.isSyncing).toBe(true)
  })

  it('fails for good with the first failed sync, and never syncs again', async () => {
    const pins = [new CountingPin(), new CountingPin()]
    lane.submit(groupOf(file, 0, 10, { pins: [pins[0]!] }))
    lane.submit(groupOf(file, 10, 20))
    const waiting = lane.sync()
    const rejected = expect(waiting).rejects.toThrow('EIO')
    await file.fail(new Error('EIO'))
    await rejected
    lane.submit(groupOf(file, 20, 30, { pins: [pins[1]!] }))
    await expect(lane.sync()).rejects.toThrow('EIO')
    await expect(committer.syncAll()).rejects.toThrow('EIO')
    expect(file.syncCalls).toBe(1)
    expect(observer.events).toEqual(['failed EIO'])
    expect(pins.map((pin) => pin.releases)).toEqual([1, 1])
    expect(committer.snapshot()).toMatchObject({ failedLanes: 1, syncsFailed: 1 })
  })

  it('drops the syncs that wait for their turn when their lane fails', async () => {
    const next = new FakeFile()
    const otherFile = new FakeFile()
    lane.submit(groupOf(file, 0, 10))
    openLane(new RecordingObserver()).submit(groupOf(otherFile, 0, 1))
    lane.submit(groupOf(next, 10, 20))
    await file.fail(new Error('EIO'))
    await otherFile.succeed()
    expect(next.syncCalls).toBe(0)
  })

  it('leaves other lanes alone when one fails', async () => {
    const other = new RecordingObserver()
    const otherFile = new FakeFile()
    openLane(other).submit(groupOf(otherFile, 0, 1))
    lane.submit(groupOf(file, 0, 10))
    await file.fail(new Error('EIO'))
    await otherFile.succeed()
    expect(other.events).toEqual(['durable 1', 'committed 1'])
  })
})

describe('os', () => {
  beforeEach(() => {
    policy = OS
  })

  it('acknowledges inside submit and syncs nothing', () => {
    lane.submit(groupOf(file, 5, 10))
    expect(observer.events).toEqual(['committed 10'])
    expect(file.syncCalls).toBe(0)
    expect(clock.timerCount).toBe(0)
  })

  it('is durable when asked to be', async () => {
    lane.submit(groupOf(file, 0, 10))
    const synced = lane.sync()
    lane.submit(groupOf(file, 10, 12))
    await file.succeed()
    await synced
    expect(observer.durableEnd).toBe(10)
    expect(file.syncCalls).toBe(1)
  })

  it('syncs a segment that has been rolled', async () => {
    const next = new FakeFile()
    lane.submit(groupOf(file, 0, 10))
    lane.submit(groupOf(next, 10, 20))
    expect([file.isSyncing, next.isSyncing]).toEqual([true, false])
    await file.succeed()
    expect(observer.durableEnd).toBe(10)
    expect(observer.committedEnd).toBe(20)
  })

  it('starts write-back above the budget, one range at a time', async () => {
    lane.submit(groupOf(file, 0, 1, { filePosition: 0, byteLength: 1_500_000 }))
    expect(file.writebacks).toEqual([])
    lane.submit(groupOf(file, 1, 2, { filePosition: 1_500_000, byteLength: 1_000_000 }))
    lane.submit(groupOf(file, 2, 3, { filePosition: 2_500_000, byteLength: 3_000_000 }))
    expect(file.writebacks).toEqual([[0, 2_500_000]])
    await settle()
    lane.submit(groupOf(file, 3, 4, { filePosition: 5_500_000, byteLength: 10 }))
    expect(file.writebacks[1]).toEqual([2_500_000, 3_000_010])
  })

  it('takes a failed write-back for a failed sync', async () => {
    file.writebackFailure = new Error('EIO')
    lane.submit(groupOf(file, 0, 1, { byteLength: 3_000_000 }))
    await settle()
    expect(observer.events).toEqual(['committed 1', 'failed EIO'])
    await expect(lane.sync()).rejects.toThrow('EIO')
    expect(file.syncCalls).toBe(0)
  })

  it('tells how much a power cut would take, and since when', async () => {
    lane.submit(groupOf(file, 0, 10, { byteLength: 1000 }))
    clock.advance(250)
    lane.submit(groupOf(file, 10, 11, { byteLength: 100 }))
    expect(committer.snapshot()).toMatchObject({ bytesCommittedNotDurable: 1100, committedNotDurableMs: 250 })
    const synced = lane.sync()
    await file.succeed()
    await synced
    expect(committer.snapshot()).toMatchObject({ bytesCommittedNotDurable: 0, committedNotDurableMs: 0 })
  })
})

describe('interval', () => {
  it('acknowledges at once and syncs when the interval has passed', async () => {
    policy = interval(100)
    lane.submit(groupOf(file, 0, 10))
    clock.advance(60)
    lane.submit(groupOf(file, 10, 20))
    expect(observer.committedEnd).toBe(20)
    expect(file.syncCalls).toBe(0)
    clock.advance(40)
    expect(file.syncCalls).toBe(1)
    await file.succeed()
    expect(observer.durableEnd).toBe(20)
    clock.advance(1000)
    expect(file.syncCalls).toBe(1)
    expect(clock.timerCount).toBe(0)
  })

  it('syncs within the interval what was written during a sync', async () => {
    policy = interval(100)
    lane.submit(groupOf(file, 0, 10))
    clock.advance(100)
    lane.submit(groupOf(file, 10, 20))
    await file.succeed()
    expect(observer.durableEnd).toBe(10)
    clock.advance(100)
    await file.succeed()
    expect(observer.durableEnd).toBe(20)
  })

  it('needs one timer for any number of lanes', () => {
    policy = interval(100)
    for (let index = 0; index < 1000; index++) {
      openLane(new RecordingObserver()).submit(groupOf(new FakeFile(), 0, 1))
      clock.advance(0.05)
    }
    expect(clock.timerCount).toBe(1)
  })

  it('obeys an interval that was shortened', () => {
    policy = interval(10_000)
    lane.submit(groupOf(file, 0, 10))
    policy = interval(50)
    lane.submit(groupOf(file, 10, 20))
    clock.advance(50)
    expect(file.syncCalls).toBe(1)
  })
})

describe('flush.messages', () => {
  it('makes the append that completes the number wait, and only that', async () => {
    policy = { durability: 'os', flushMs: Infinity, flushMessages: 10 }
    lane.submit(groupOf(file, 0, 6))
    expect(observer.committedEnd).toBe(6)
    lane.submit(groupOf(file, 6, 12))
    lane.submit(groupOf(file, 12, 15))
    expect(observer.committedEnd).toBe(6)
    await file.succeed()
    expect(observer.events.slice(-2)).toEqual(['durable 12', 'committed 15'])
    lane.submit(groupOf(file, 15, 21))
    expect(observer.committedEnd).toBe(21)
    lane.submit(groupOf(file, 21, 22))
    expect(observer.committedEnd).toBe(21)
  })
})

describe('a policy that changes', () => {
  it('from os to always: the first acknowledgement waits for everything dirty', async () => {
    policy = OS
    const next = new FakeFile()
    lane.submit(groupOf(file, 0, 10))
    policy = ALWAYS
    lane.submit(groupOf(next, 10, 20))
    expect(observer.committedEnd).toBe(10)
    await next.succeed()
    expect(observer.committedEnd).toBe(10)
    await file.succeed()
    expect(observer.events.slice(-2)).toEqual(['durable 20', 'committed 20'])
  })

  it('from always to os: what was promised durable stays so', async () => {
    lane.submit(groupOf(file, 0, 10))
    policy = OS
    lane.submit(groupOf(file, 10, 20))
    expect(observer.committedEnd).toBe(-1)
    await file.succeed()
    expect(observer.events).toEqual(['durable 10', 'committed 20'])
  })
})

describe('truncation', () => {
  it('does not take the sync in flight for one of what is written afterwards', async () => {
    lane.submit(groupOf(file, 0, 10))
    lane.truncated(4)
    lane.submit(groupOf(file, 4, 12))
    await file.succeed()
    expect(observer.committedEnd).toBe(4)
    await file.succeed()
    expect(observer.committedEnd).toBe(12)
    expect(file.syncsInFlightMax).toBe(1)
  })

  it('makes nobody wait for what was cut off', async () => {
    lane.submit(groupOf(file, 0, 10))
    lane.truncated(4)
    policy = OS
    lane.submit(groupOf(file, 4, 6))
    await file.succeed()
    expect(observer.events).toEqual(['durable 4', 'committed 6'])
  })

  it('forgets the file that a roll had begun', async () => {
    const next = new FakeFile()
    lane.submit(groupOf(file, 0, 10))
    lane.submit(groupOf(next, 10, 20))
    const synced = lane.sync()
    lane.truncated(10)
    await file.succeed()
    await synced
    expect(observer.committedEnd).toBe(10)
    const again = new FakeFile()
    lane.submit(groupOf(again, 10, 11))
    await next.succeed()
    expect(observer.committedEnd).toBe(10)
    await again.succeed()
    expect(observer.committedEnd).toBe(11)
  })
})

describe('close', () => {
  it('of a lane lets pending groups complete, and syncs no more than they need', async () => {
    lane.submit(groupOf(file, 0, 10))
    policy = OS
    lane.submit(groupOf(file, 10, 20))
    lane.close()
    expect(committer.snapshot().lanes).toBe(1)
    await file.succeed()
    expect(observer.committedEnd).toBe(20)
    expect(file.syncCalls).toBe(1)
    expect(committer.snapshot().lanes).toBe(0)
  })

  it('of the committer syncs everything and stops the timers', async () => {
    policy = interval(1000)
    lane.submit(groupOf(file, 0, 10))
    const closed = committer.close()
    await file.succeed()
    await closed
    expect(observer.durableEnd).toBe(10)
    expect(clock.timerCount).toBe(0)
  })

  it('of the committer rejects when something could not be made durable', async () => {
    policy = OS
    lane.submit(groupOf(file, 0, 10))
    const closed = expect(committer.close()).rejects.toThrow('ENOSPC')
    await file.fail(new Error('ENOSPC'))
    await closed
  })
})

it('an observer may submit again from inside a callback', async () => {
  const inner = new RecordingObserver()
  policy = ALWAYS
  const reentrant: CommitLane = committer.openLane(
    { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 1, policy: () => policy },
    {
      durable(end) {
        inner.durable(end)
        policy = OS
        if (end === 10) reentrant.submit(groupOf(file, 10, 20))
      },
      committed: (end) => inner.committed(end),
      failed: (error) => inner.failed(error),
    },
  )
  reentrant.submit(groupOf(file, 0, 10))
  await file.succeed()
  expect(inner.events).toEqual(['durable 10', 'committed 20'])
})
