import type { Clock } from '../base/clock.ts'
import type { CommitGroup, CommitLane, CommitObserver, CommitPartition, Committer } from '../base/commit.ts'
import { CommitCounters, type CommitSnapshot } from './commit-counters.ts'
import { DirectLane, type LaneServices } from './direct-lane.ts'
import type { DirtyFile } from './dirty-file.ts'
import { FlushSchedule } from './flush-schedule.ts'
import { SyncQueue, toError } from './sync-queue.ts'

/** A committer that can be watched. */
export interface ObservedCommitter extends Committer {
  snapshot(): CommitSnapshot
}

export interface CommitterOptions {
  readonly clock: Clock
  /** Syncs that may run at once, over all files: no more than there are I/O threads to run them. */
  readonly syncsInFlightMax?: number
  /** Written, not synced and not handed to the disk, over all files: above it write-back is started early. */
  readonly dirtyBytesBudget?: number
}

const SYNCS_IN_FLIGHT_MAX = 8
const DIRTY_BYTES_BUDGET = 64 * 1024 * 1024
/** Write-back of less is not worth a call. */
const WRITEBACK_BYTES_MIN = 1024 * 1024

/** Commits by syncing the files themselves; see direct-lane.ts for what each policy waits for. */
export function createCommitter(options: CommitterOptions): ObservedCommitter {
  return new DirectCommitter(options)
}

class DirectCommitter implements ObservedCommitter, LaneServices {
  readonly #lanes = new Set<DirectLane>()
  readonly #counters = new CommitCounters()
  readonly #clock: Clock
  readonly #syncs: SyncQueue
  readonly #flushes: FlushSchedule<DirectLane>
  readonly #dirtyBytesBudget: number

  constructor(options: CommitterOptions) {
    this.#clock = options.clock
    this.#dirtyBytesBudget = options.dirtyBytesBudget ?? DIRTY_BYTES_BUDGET
    this.#syncs = new SyncQueue({
      clock: options.clock,
      counters: this.#counters,
      syncsInFlightMax: options.syncsInFlightMax ?? SYNCS_IN_FLIGHT_MAX,
    })
    this.#flushes = new FlushSchedule({ clock: options.clock, due: (lane) => lane.flushDue() })
  }

  openLane(partition: CommitPartition, observer: CommitObserver): CommitLane {
    const lane = new DirectLane(partition, observer, this)
    this.#lanes.add(lane)
    return lane
  }

  async syncAll(): Promise<void> {
    const results = await Promise.allSettled([...this.#lanes].map((lane) => lane.sync()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw toError(failed.reason)
  }

  async close(): Promise<void> {
    try {
      await this.syncAll()
    } finally {
      this.#flushes.stop()
      await this.#syncs.whenIdle()
      this.#lanes.clear()
    }
  }

  snapshot(): CommitSnapshot {
    const nowMs = this.#clock.monotonicMs()
    let bytesCommittedNotDurable = 0
    let committedNotDurableMs = 0
    let failedLanes = 0
    for (const lane of this.#lanes) {
      if (lane.failure !== undefined) failedLanes++
      const bytes = lane.bytesCommittedNotDurable
      if (bytes === 0) continue
      bytesCommittedNotDurable += bytes
      committedNotDurableMs = Math.max(committedNotDurableMs, nowMs - (lane.dirtySinceMs ?? nowMs))
    }
    return {
      ...this.#counters,
      syncsInFlight: this.#syncs.inFlight,
      lanes: this.#lanes.size,
      failedLanes,
      bytesCommittedNotDurable,
      committedNotDurableMs,
    }
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  requestSync(dirty: DirtyFile): void {
    this.#syncs.request(dirty)
  }

  scheduleFlush(lane: DirectLane, delayMs: number): void {
    this.#flushes.add(lane, delayMs)
  }

  /**
   * Hands the dirty bytes of a file to the disk before the kernel has so many that it makes writers sleep. The budget is
   * shared evenly, without counting over all files on every write.
   */
  paceWriteback(dirty: DirtyFile): void {
    const shareBytes = Math.max(WRITEBACK_BYTES_MIN, this.#dirtyBytesBudget / this.#lanes.size)
    if (dirty.isWritingBack || dirty.writebackBytes < shareBytes) return
    const { writebackPosition, writebackBytes } = dirty
    dirty.writebackStarted()
    this.#counters.writebacks++
    dirty.file.startWriteback(writebackPosition, writebackBytes).then(
      () => {
        dirty.isWritingBack = false
      },
      (error: unknown) => dirty.lane.fail(toError(error)),
    )
  }

  submitted(group: CommitGroup): void {
    this.#counters.groupsSubmitted++
    this.#counters.bytesSubmitted += group.byteLength
  }

  finished(lane: DirectLane): void {
    this.#lanes.delete(lane)
  }
}
