import { assert } from '../base/assert.ts'
import type { CommitGroup, CommitLane, CommitObserver, CommitPartition } from '../base/commit.ts'
import { DurabilityPolicy } from '../base/commit.ts'
import type { Offset } from '../base/ids.ts'
import { DirtyFile } from './dirty-file.ts'

/** What a lane asks of its committer. */
export interface LaneServices {
  monotonicMs(): number
  requestSync(dirty: DirtyFile): void
  /** Calls `lane.flushDue()` after `delayMs`. */
  scheduleFlush(lane: DirectLane, delayMs: number): void
  paceWriteback(dirty: DirtyFile): void
  submitted(group: CommitGroup): void
  /** The lane was closed and nothing of it is pending. */
  finished(lane: DirectLane): void
}

/** Offsets that may be acknowledged only once they are durable. */
interface Gate {
  readonly base: Offset
  end: Offset
}

interface SyncWaiter {
  end: Offset
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * One partition's commits by syncing its segment files.
 *
 * Files are kept in the order of their offsets; the durable end is where the
 * first byte that is not durable begins, whatever later files have reached. So
 * after a roll a synced new segment does not hide an unsynced old one, and a
 * switch to `always` waits for everything dirty before its first acknowledgement.
 *
 * The committed end is the submitted end, unless a *gate* stands before it: a
 * group that must be durable first (`always`, or the group that completes
 * flush.messages). Gates keep their place when the policy changes.
 *
 * Bytes are in the page cache before `submit`, so pins are released there.
 * State is settled before the observer is called: it may submit again inside.
 */
export class DirectLane implements CommitLane {
  readonly #partition: CommitPartition
  readonly #observer: CommitObserver
  readonly #services: LaneServices
  /** In offset order; the last may be clean, it is kept for the next group. */
  readonly #files: DirtyFile[] = []
  readonly #gates: Gate[] = []
  readonly #waiters: SyncWaiter[] = []
  #submittedEnd: Offset = -1
  #durableEnd: Offset = -1
  #committedEnd: Offset = -1
  #durableReported: Offset = -1
  #committedReported: Offset = -1
  /** Records at or above count for flush.messages. */
  #unsyncedFrom: Offset = -1
  #isFlushScheduled = false
  #flushDelayMs = 0
  #isClosed = false
  #isFinished = false
  #failure: Error | undefined

  constructor(partition: CommitPartition, observer: CommitObserver, services: LaneServices) {
    this.#partition = partition
    this.#observer = observer
    this.#services = services
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Acknowledged bytes that a power cut would take. */
  get bytesCommittedNotDurable(): number {
    if (this.#committedEnd <= this.#durableEnd) return 0
    return this.#files.reduce((sum, dirty) => sum + dirty.unsyncedBytes, 0)
  }

  /** Monotonic time of the oldest write that is not durable; undefined when there is none. */
  get dirtySinceMs(): number | undefined {
    return this.#files.find((dirty) => dirty.isDirty)?.dirtySinceMs
  }

  submit(group: CommitGroup): void {
    assert(!this.#isClosed, 'a closed commit lane takes no groups')
    for (const pin of group.pins) pin.release()
    // A failed lane keeps no books: truncations no longer reach it.
    if (this.#failure !== undefined) return
    assert(group.baseOffset >= this.#submittedEnd, 'groups of a lane are submitted in offset order')
    if (this.#submittedEnd === -1) this.#startAt(group.baseOffset)
    this.#services.submitted(group)
    const dirty = this.#fileOf(group)
    dirty.wrote(group, this.#services.monotonicMs())
    this.#submittedEnd = group.endOffset
    this.#applyPolicy(group, dirty)
    this.#advance()
  }

  sync(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#durableEnd === this.#submittedEnd) return Promise.resolve()
    const waited = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ end: this.#submittedEnd, resolve, reject })
    })
    this.#wantAll()
    return waited
  }

  truncated(end: Offset): void {
    if (end >= this.#submittedEnd || this.#failure !== undefined) return
    this.#submittedEnd = end
    this.#durableEnd = Math.min(this.#durableEnd, end)
    this.#committedEnd = Math.min(this.#committedEnd, end)
    this.#durableReported = Math.min(this.#durableReported, end)
    this.#committedReported = Math.min(this.#committedReported, end)
    this.#unsyncedFrom = Math.min(this.#unsyncedFrom, end)
    for (const dirty of this.#files) dirty.truncated(end)
    // The first file at `end` may be written again while its sync is still in flight: it stays, so that there is one.
    while (this.#files.length > 1 && this.#files.at(-2)!.baseOffset >= end) this.#files.pop()
    while (this.#gates.length > 0 && this.#gates.at(-1)!.base >= end) this.#gates.pop()
    for (const gate of this.#gates) gate.end = Math.min(gate.end, end)
    for (const waiter of this.#waiters) waiter.end = Math.min(waiter.end, end)
    this.#advance()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // Files may be closed once what was waited for is durable: no sync beyond that.
    const needed = this.#neededEnd()
    for (const dirty of this.#files) dirty.wantedEnd = Math.min(dirty.wantedEnd, needed)
    this.#finishIfDone()
  }

  /** flush.ms has passed since a write. */
  flushDue(): void {
    this.#isFlushScheduled = false
    if (this.#failure === undefined && !this.#isClosed) this.#wantAll()
  }

  /** A sync of one of the lane's files has succeeded. */
  synced(): void {
    if (this.#failure === undefined) this.#advance()
  }

  /** A sync or a write-back has failed: nothing of this lane will be durable any more. Reported once. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#files.length = 0
    this.#gates.length = 0
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
    this.#observer.failed(error)
    this.#finishIfDone()
  }

  #startAt(base: Offset): void {
    this.#submittedEnd = base
    this.#durableEnd = base
    this.#committedEnd = base
    this.#durableReported = base
    this.#committedReported = base
    this.#unsyncedFrom = base
  }

  #fileOf(group: CommitGroup): DirtyFile {
    const last = this.#files.at(-1)
    if (last !== undefined && last.file === group.file) return last
    if (last !== undefined && !last.isDirty) this.#files.pop()
    const opened = new DirtyFile(this, group)
    this.#files.push(opened)
    // A segment that is complete is synced soon under every policy: its descriptor can be closed only then.
    if (last?.isDirty === true) this.#want(last)
    return opened
  }

  #applyPolicy(group: CommitGroup, dirty: DirtyFile): void {
    const policy = this.#partition.policy()
    if (policy.durability === DurabilityPolicy.always) {
      this.#gate(group)
      return
    }
    if (group.endOffset - this.#unsyncedFrom >= policy.flushMessages) {
      this.#gate(group)
      return
    }
    if (policy.durability === DurabilityPolicy.interval) this.#scheduleFlush(policy.flushMs)
    this.#services.paceWriteback(dirty)
  }

  #gate(group: CommitGroup): void {
    const last = this.#gates.at(-1)
    if (last !== undefined && last.end === group.baseOffset) last.end = group.endOffset
    else this.#gates.push({ base: group.baseOffset, end: group.endOffset })
    this.#unsyncedFrom = group.endOffset
    this.#wantAll()
  }

  #scheduleFlush(delayMs: number): void {
    // A shorter interval than the one under way is a changed policy: the earlier of the two comes in time.
    if (this.#isClosed || (this.#isFlushScheduled && delayMs >= this.#flushDelayMs)) return
    this.#isFlushScheduled = true
    this.#flushDelayMs = delayMs
    this.#services.scheduleFlush(this, delayMs)
  }

  #wantAll(): void {
    for (const dirty of this.#files) if (dirty.isDirty) this.#want(dirty)
  }

  #want(dirty: DirtyFile): void {
    dirty.wantedEnd = dirty.endOffset
    this.#services.requestSync(dirty)
  }

  /** Moves both ends as far as the files and gates allow, and tells. */
  #advance(): void {
    this.#durableEnd = Math.max(this.#durableEnd, this.#durablePrefix())
    this.#unsyncedFrom = Math.max(this.#unsyncedFrom, this.#durableEnd)
    while (this.#gates.length > 0 && this.#gates[0]!.end <= this.#durableEnd) this.#gates.shift()
    const gate = this.#gates[0]
    const committed = gate === undefined ? this.#submittedEnd : Math.max(gate.base, this.#durableEnd)
    this.#committedEnd = Math.max(this.#committedEnd, committed)
    while (this.#waiters.length > 0 && this.#waiters[0]!.end <= this.#durableEnd) this.#waiters.shift()!.resolve()
    this.#report()
    this.#finishIfDone()
  }

  /** Under `always` the log may rely on the durable end being told first. Calls from inside a callback leave nothing to tell here. */
  #report(): void {
    if (this.#durableEnd > this.#durableReported) {
      this.#durableReported = this.#durableEnd
      this.#observer.durable(this.#durableEnd)
    }
    if (this.#committedEnd > this.#committedReported) {
      this.#committedReported = this.#committedEnd
      this.#observer.committed(this.#committedEnd)
    }
  }

  /** Where the first offset that is not durable lies; drops files that are done. */
  #durablePrefix(): Offset {
    while (this.#files.length > 1 && !this.#files[0]!.isDirty) this.#files.shift()
    const first = this.#files[0]
    if (first === undefined) return this.#submittedEnd
    return first.isDirty ? first.durableEnd : first.endOffset
  }

  /** What gates and `sync` calls wait for. */
  #neededEnd(): Offset {
    return Math.max(-1, this.#gates.at(-1)?.end ?? -1, this.#waiters.at(-1)?.end ?? -1)
  }

  #finishIfDone(): void {
    if (!this.#isClosed || this.#isFinished || this.#neededEnd() > this.#durableEnd) return
    this.#isFinished = true
    this.#services.finished(this)
  }
}
