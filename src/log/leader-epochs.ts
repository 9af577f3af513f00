import type { LeaderEpoch, Offset } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { checkpointNumber, readCheckpoint, writeCheckpoint } from './checkpoint-text.ts'

export const LEADER_EPOCH_FILE = 'leader-epoch-checkpoint'

interface EpochStart {
  readonly epoch: LeaderEpoch
  readonly startOffset: Offset
}

/** Shared by all logs that never had a leader. */
const NO_STARTS: readonly EpochStart[] = []

/**
 * The leader epochs of one log and where each began (KIP-101, KIP-320): which
 * epoch an offset belongs to, and where an epoch ended. Kept in
 * `leader-epoch-checkpoint`, written before the first batch of an epoch may be
 * acknowledged.
 */
export class LeaderEpochs {
  readonly #disk: Disk
  readonly #path: string
  #starts: readonly EpochStart[] = NO_STARTS
  /** Differs from what `store` wrote last, or `load` read. */
  isChanged = false

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#path = `${directory}/${LEADER_EPOCH_FILE}`
  }

  get latest(): LeaderEpoch {
    return this.#starts.length === 0 ? -1 : this.#starts[this.#starts.length - 1]!.epoch
  }

  get entries(): readonly EpochStart[] {
    return this.#starts
  }

  /** `names` are the files of the directory: without the checkpoint among them there is nothing to read. */
  async load(names: readonly string[]): Promise<void> {
    if (!names.includes(LEADER_EPOCH_FILE)) return
    const entries = await readCheckpoint(this.#disk, this.#path, 2)
    this.#starts = entries.map(([epoch, offset]) => ({
      epoch: checkpointNumber(this.#path, epoch!),
      startOffset: checkpointNumber(this.#path, offset!),
    }))
  }

  async store(): Promise<void> {
    this.isChanged = false
    await writeCheckpoint(
      this.#disk,
      this.#path,
      this.#starts.map((start) => [start.epoch, start.startOffset]),
    )
  }

  /** The epoch starts at `startOffset`, unless it is known. Later epochs and starts beyond it are dropped. True when anything changed. */
  assign(epoch: LeaderEpoch, startOffset: Offset): boolean {
    if (epoch <= this.latest) return false
    this.#starts = [...this.#starts.filter((start) => start.startOffset < startOffset), { epoch, startOffset }]
    this.isChanged = true
    return true
  }

  /** The largest epoch at or below `epoch` and the offset where it ended; (-1, -1) above the latest. */
  endOffsetFor(epoch: LeaderEpoch, logEndOffset: Offset): { epoch: LeaderEpoch; endOffset: Offset } {
    const starts = this.#starts
    if (epoch < 0 || starts.length === 0 || epoch > this.latest) return { epoch: -1, endOffset: -1 }
    if (epoch === this.latest) return { epoch, endOffset: logEndOffset }
    const next = starts.findIndex((start) => start.epoch > epoch)
    const endOffset = starts[next]!.startOffset
    return next === 0 ? { epoch, endOffset } : { epoch: starts[next - 1]!.epoch, endOffset }
  }

  /** -1 when the offset lies below the first known epoch. */
  epochFor(offset: Offset): LeaderEpoch {
    for (let index = this.#starts.length - 1; index >= 0; index--) {
      if (this.#starts[index]!.startOffset <= offset) return this.#starts[index]!.epoch
    }
    return -1
  }

  /** Epochs that start at or beyond the new log end never happened. True when anything changed. */
  truncateFromEnd(endOffset: Offset): boolean {
    const kept = this.#starts.filter((start) => start.startOffset < endOffset)
    const changed = kept.length !== this.#starts.length
    if (changed) {
      this.#starts = kept
      this.isChanged = true
    }
    return changed
  }

  /** Epochs that ended at or below the new log start are forgotten; the one that covers it starts there. */
  truncateFromStart(startOffset: Offset): boolean {
    const covering = this.epochFor(startOffset)
    const kept = this.#starts.filter((start) => start.epoch >= covering)
    const first = kept[0]
    const moved = first !== undefined && first.startOffset < startOffset
    if (moved) kept[0] = { epoch: first.epoch, startOffset }
    const changed = moved || kept.length !== this.#starts.length
    if (changed) {
      this.#starts = kept
      this.isChanged = true
    }
    return changed
  }
}
