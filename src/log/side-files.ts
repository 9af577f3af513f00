import type { Offset, ProducerId } from '../base/ids.ts'
import { storeDamage } from './damage-file.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LogParts, LogRoom } from './log-parts.ts'
import type { ProducerEntry } from './producer-entry.ts'
import type { Segment } from './segment.ts'
import { storeSnapshot } from './snapshot-files.ts'
import type { AbortedTransaction, TransactionIndex } from './transaction-index.ts'

/**
 * The small files beside a log's segments, written behind its back, one at a time.
 *
 * Two kinds. What an acknowledgement stands on (the directory entry of a new
 * segment, the epoch that batches carry, aborted transactions) is written at once
 * and waited for by `durable`, which every sync of a segment calls first. What can
 * be made again (indexes, producer snapshots) may fail: that is said in the log of
 * the broker, and the next start rebuilds it.
 */
export class SideFiles {
  readonly #room: LogRoom
  readonly #directory: string
  readonly #epochs: LeaderEpochs
  readonly #transactions: TransactionIndex
  readonly #snapshots: Offset[]
  #epochsWanted = false
  #directoryWanted = false
  readonly #transactionsWanted = new Set<Segment>()
  /** Aborted transactions whose markers are not written yet. */
  #aborted: AbortedTransaction[] | undefined
  /** The newest `storeNeeded` that is queued or under way. */
  #storing: Promise<void> | undefined
  #work: Promise<void> | undefined

  constructor(room: LogRoom, parts: LogParts) {
    this.#room = room
    this.#directory = parts.directory
    this.#epochs = parts.epochs
    this.#transactions = parts.transactions
    this.#snapshots = [...parts.snapshots]
  }

  /** The epoch checkpoint has changed. */
  storeEpochs(): void {
    this.#epochs.isChanged = false
    this.#epochsWanted = true
    this.#begin()
  }

  aborted(transaction: AbortedTransaction): void {
    this.#aborted ??= []
    this.#aborted.push(transaction)
  }

  /** Markers below `end` are in the segment now. */
  written(segment: Segment, end: Offset): void {
    if (this.#aborted === undefined) return
    for (const transaction of this.#aborted) if (transaction.lastOffset < end) this.#transactions.add(transaction)
    this.#aborted = keep(this.#aborted, (transaction) => transaction.lastOffset >= end)
    this.#transactionsWanted.add(segment)
    this.#begin()
  }

  /** Batches at or above `from` were not written. */
  gaveBack(from: Offset): void {
    this.#aborted = keep(this.#aborted, (transaction) => transaction.lastOffset < from)
  }

  /** A new segment follows `finished`, which ends with this producer state. */
  rolled(finished: Segment, producers: ReadonlyMap<ProducerId, ProducerEntry>): void {
    this.#directoryWanted = true
    this.#begin()
    void this.finish(finished, producers)
  }

  /** Resolves once everything that acknowledged batches depend on, besides their own bytes, is durable. */
  durable(): Promise<void> {
    const isWanted = this.#epochsWanted || this.#directoryWanted || this.#transactionsWanted.size > 0
    if (!isWanted) return this.#storing ?? Promise.resolve()
    const storing = this.#enqueue(() => this.#storeNeeded())
    this.#storing = storing
    const done = (): void => {
      if (this.#storing === storing) this.#storing = undefined
    }
    storing.then(done, done)
    return storing
  }

  /** Writes what belongs to a segment that gets no more batches; never rejects. */
  finish(segment: Segment, producers: ReadonlyMap<ProducerId, ProducerEntry>): Promise<void> {
    return this.#derived(async () => {
      await segment.storeIndexes(this.#room.disk, true)
      await storeSnapshot(this.#room.disk, this.#directory, segment.endOffset, producers, this.#snapshots)
      this.#room.indexLoaded(segment)
    })
  }

  /** Writes index entries that the files of the active segment lack, so that a crash costs a short scan; never rejects. */
  storeIndexTail(segment: Segment): Promise<void> {
    return this.#derived(() => segment.storeIndexes(this.#room.disk, false))
  }

  /** The log start has moved, durably. */
  storeStartOfEpochs(): Promise<void> {
    this.#epochs.isChanged = false
    this.#epochsWanted = true
    return this.durable()
  }

  /** What is damaged is known better than before; never rejects: it is found again. */
  storeDamage(segments: readonly Segment[]): Promise<void> {
    return this.#derived(() => storeDamage(this.#room.disk, this.#directory, segments))
  }

  /** Resolves once nothing is being written. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work.catch(() => {})
  }

  #begin(): void {
    // A failure is met again by the sync that needs it: what was wanted stays wanted.
    this.durable().catch(() => {})
  }

  async #storeNeeded(): Promise<void> {
    const { disk } = this.#room
    if (this.#epochsWanted) {
      this.#epochsWanted = false
      await this.#epochs.store().catch((error: unknown) => {
        this.#epochsWanted = true
        throw error
      })
    }
    for (const segment of [...this.#transactionsWanted]) {
      this.#transactionsWanted.delete(segment)
      if (segment.removed) continue
      await this.#transactions.store(disk, this.#directory, segment).catch((error: unknown) => {
        this.#transactionsWanted.add(segment)
        throw error
      })
    }
    if (this.#directoryWanted) {
      this.#directoryWanted = false
      await disk.syncDirectory(this.#directory).catch((error: unknown) => {
        this.#directoryWanted = true
        throw error
      })
    }
  }

  async #derived(work: () => Promise<void>): Promise<void> {
    try {
      await this.#enqueue(work)
    } catch (error) {
      const fields = { log: this.#directory, error: String(error) }
      this.#room.logger.warn(fields, 'a file beside the log was not written; it is made again when it is missed')
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const before = this.#work ?? Promise.resolve()
    const running = before.catch(() => {}).then(work)
    this.#work = running
    const done = (): void => {
      if (this.#work === running) this.#work = undefined
    }
    running.then(done, done)
    return running
  }
}

function keep(
  transactions: AbortedTransaction[] | undefined,
  isKept: (transaction: AbortedTransaction) => boolean,
): AbortedTransaction[] | undefined {
  const kept = transactions?.filter(isKept)
  return kept === undefined || kept.length === 0 ? undefined : kept
}
