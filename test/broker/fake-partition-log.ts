import type { Offset } from '../../src/base/ids.ts'
import type { PartitionLog } from '../../src/log/index.ts'
import { ReadStatus } from '../../src/log/index.ts'

/**
 * A log of which a test sets the offsets; deleting records works, everything
 * else fails the test that uses it.
 */
export class FakePartitionLog implements PartitionLog {
  readonly directory = 'nowhere'
  logStartOffset: Offset = 0
  logEndOffset: Offset = 0
  highWatermark: Offset = 0
  failure: Error | undefined
  /** What the next deletion of records fails with. */
  deletionFailure: Error | undefined
  readonly duplicateBaseOffset = -1
  readonly duplicateEndOffset = -1
  readonly duplicateTimestamp = -1
  readonly latestEpoch = 0
  readonly sizeBytes = 0

  get writtenEnd(): Offset {
    return this.logEndOffset
  }

  get durableEnd(): Offset {
    return this.logEndOffset
  }

  get lastStableOffset(): Offset {
    return this.highWatermark
  }

  async deleteRecordsBefore(offset: Offset): Promise<Offset> {
    if (this.deletionFailure !== undefined) throw this.deletionFailure
    this.logStartOffset = Math.max(this.logStartOffset, offset)
    return this.logStartOffset
  }

  checkProducer(): number {
    return unexpected()
  }
  append(): Offset {
    return unexpected()
  }
  flush(): void {
    unexpected()
  }
  read(): ReadStatus {
    return ReadStatus.outOfRange
  }
  offsetForTimestamp(): Promise<undefined> {
    return unexpected()
  }
  offsetOfMaxTimestamp(): Promise<undefined> {
    return unexpected()
  }
  endOffsetForEpoch(): { epoch: number; endOffset: Offset } {
    return unexpected()
  }
  epochForOffset(): number {
    return unexpected()
  }
  becomeLeader(): Promise<void> {
    return unexpected()
  }
  abortedTransactions(): { producerId: number; firstOffset: Offset }[] {
    return unexpected()
  }
  applyRetention(): Promise<number> {
    return unexpected()
  }
  setConfig(): void {
    unexpected()
  }
  readBytes(): Promise<Buffer> {
    return unexpected()
  }
  producers(): [] {
    return []
  }
  sync(): Promise<void> {
    return unexpected()
  }
  close(): Promise<void> {
    return unexpected()
  }
  delete(): Promise<void> {
    return unexpected()
  }
}

function unexpected(): never {
  throw new Error('not expected of this log')
}
