import type { CommitFile, CommitGroup } from '../base/commit.ts'
import type { Offset } from '../base/ids.ts'
import type { DirectLane } from './direct-lane.ts'

/**
 * What one lane has written to one file, and how much of it is durable. Offsets
 * below `durableEnd` survive a power cut; those up to `endOffset` are in the page
 * cache. Plain bookkeeping: the lane decides, SyncQueue runs the syncs.
 */
export class DirtyFile {
  readonly lane: DirectLane
  readonly file: CommitFile
  readonly baseOffset: Offset
  endOffset: Offset
  durableEnd: Offset
  /** A sync must cover everything below; at most `endOffset`. */
  wantedEnd: Offset
  unsyncedBytes = 0
  unsyncedGroups = 0
  /** Monotonic time of the oldest unsynced write. */
  dirtySinceMs = 0

  isQueued = false
  isSyncing = false
  /** What the sync in flight covers; lowered when a truncation takes some of it away. */
  syncingEnd: Offset
  syncingBytes = 0
  syncingGroups = 0

  /** The range whose write-back has not been started. */
  writebackPosition = 0
  writebackBytes = 0
  isWritingBack = false

  constructor(lane: DirectLane, group: CommitGroup) {
    this.lane = lane
    this.file = group.file
    this.baseOffset = group.baseOffset
    this.endOffset = group.baseOffset
    this.durableEnd = group.baseOffset
    this.wantedEnd = group.baseOffset
    this.syncingEnd = group.baseOffset
  }

  get isDirty(): boolean {
    return this.endOffset > this.durableEnd
  }

  /** A sync is worth starting: something wanted is not durable. */
  get isSyncWanted(): boolean {
    return this.wantedEnd > this.durableEnd
  }

  wrote(group: CommitGroup, nowMs: number): void {
    if (this.unsyncedGroups === 0) this.dirtySinceMs = nowMs
    if (this.writebackBytes === 0) this.writebackPosition = group.filePosition
    this.endOffset = group.endOffset
    this.unsyncedBytes += group.byteLength
    this.unsyncedGroups++
    this.writebackBytes += group.byteLength
  }

  /** Everything written so far is covered by the sync that starts now. */
  syncStarted(): void {
    this.isSyncing = true
    this.syncingEnd = this.endOffset
    this.syncingBytes = this.unsyncedBytes
    this.syncingGroups = this.unsyncedGroups
    this.writebackBytes = 0
  }

  /** `startedMs`: what was written during the sync is at least as young as its start. */
  syncSucceeded(startedMs: number): void {
    this.isSyncing = false
    this.durableEnd = Math.max(this.durableEnd, this.syncingEnd)
    this.unsyncedBytes -= this.syncingBytes
    this.unsyncedGroups -= this.syncingGroups
    this.dirtySinceMs = startedMs
  }

  /** Nothing at or above `end` is ours any more. What is written there next is not covered by a sync in flight. */
  truncated(end: Offset): void {
    this.endOffset = Math.min(this.endOffset, end)
    this.durableEnd = Math.min(this.durableEnd, end)
    this.wantedEnd = Math.min(this.wantedEnd, end)
    this.syncingEnd = Math.min(this.syncingEnd, end)
    this.writebackBytes = 0
  }

  writebackStarted(): void {
    this.isWritingBack = true
    this.writebackBytes = 0
  }
}
