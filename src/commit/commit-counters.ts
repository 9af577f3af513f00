/** Running totals of a committer; `snapshot` in direct-committer.ts adds what is true at the moment. */
export class CommitCounters {
  syncs = 0
  syncsFailed = 0
  syncMsTotal = 0
  syncMsMax = 0
  /** Groups and bytes that syncs have made durable: by `syncs`, the size of a group commit. */
  groupsSynced = 0
  bytesSynced = 0
  groupsSubmitted = 0
  bytesSubmitted = 0
  writebacks = 0

  syncSucceeded(elapsedMs: number, groups: number, bytes: number): void {
    this.syncs++
    this.syncMsTotal += elapsedMs
    if (elapsedMs > this.syncMsMax) this.syncMsMax = elapsedMs
    this.groupsSynced += groups
    this.bytesSynced += bytes
  }
}

/** What a committer has done and what is at stake now. */
export interface CommitSnapshot {
  readonly syncs: number
  readonly syncsFailed: number
  readonly syncMsTotal: number
  readonly syncMsMax: number
  readonly groupsSynced: number
  readonly bytesSynced: number
  readonly groupsSubmitted: number
  readonly bytesSubmitted: number
  readonly writebacks: number
  readonly syncsInFlight: number
  readonly lanes: number
  readonly failedLanes: number
  /** Acknowledged, but a power cut would take it. */
  readonly bytesCommittedNotDurable: number
  /** Age of the oldest such write, ms; 0 when there is none. */
  readonly committedNotDurableMs: number
}
