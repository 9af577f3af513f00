import type { LeaderEpoch, Offset, PartitionId, TopicId } from '../base/ids.ts'
import type { LogObserver, PartitionLog } from '../log/index.ts'
import { ErrorCode } from '../protocol/index.ts'
import { AckQueue } from './ack-queue.ts'
import type { AppendStage } from './append-stage.ts'
import type { ProduceRules } from './produce-rules.ts'
import type { Turn, Woken } from './turn.ts'

/**
 * A partition that this broker leads: its names, its epoch, its log, who waits
 * for its high watermark. It observes its log: acknowledgements and parked
 * fetches move only when the log says that the readable end did.
 */
export class Partition implements LogObserver {
  readonly topic: string
  readonly topicId: TopicId
  readonly partition: PartitionId
  leaderEpoch: LeaderEpoch
  rules: ProduceRules
  /** Batches that need work off the loop before they get an offset; undefined while there are none. */
  stage: AppendStage | undefined
  /** The wire error that says why this partition has gone away; undefined while it has not. */
  retiredAs: number | undefined
  readonly acks = new AckQueue()
  readonly #turn: Turn
  #log: PartitionLog | undefined
  #waiters: Woken[] = []

  constructor(options: {
    topic: string
    topicId: TopicId
    partition: PartitionId
    leaderEpoch: LeaderEpoch
    rules: ProduceRules
    turn: Turn
  }) {
    this.topic = options.topic
    this.topicId = options.topicId
    this.partition = options.partition
    this.leaderEpoch = options.leaderEpoch
    this.rules = options.rules
    this.#turn = options.turn
  }

  /** The log, once attached. */
  get log(): PartitionLog {
    if (this.#log === undefined) throw new Error(`${this.topic}-${this.partition} has no log yet`)
    return this.#log
  }

  attach(log: PartitionLog): void {
    this.#log = log
  }

  addWaiter(waiter: Woken): void {
    this.#waiters.push(waiter)
  }

  removeWaiter(waiter: Woken): void {
    const index = this.#waiters.indexOf(waiter)
    if (index < 0) return
    const last = this.#waiters.pop()!
    if (index < this.#waiters.length) this.#waiters[index] = last
  }

  highWatermarkMoved(log: PartitionLog): void {
    this.#acknowledge(log)
    this.wakeWaiters()
  }

  #acknowledge(log: PartitionLog): void {
    const highWatermark = log.highWatermark
    for (
      let answer = this.acks.takeUpTo(highWatermark);
      answer !== undefined;
      answer = this.acks.takeUpTo(highWatermark)
    ) {
      answer.logStartOffset = log.logStartOffset
      answer.settle(ErrorCode.NONE)
    }
  }

  appendFailed(log: PartitionLog, from: Offset, error: Error, _fatal: boolean): void {
    for (const answer of this.acks.takeAbove(from)) {
      answer.settle(ErrorCode.KAFKA_STORAGE_ERROR, `the append failed: ${error.message}`)
    }
    // A duplicate of what is committed may have waited behind the batches that are gone.
    this.#acknowledge(log)
    this.wakeWaiters()
  }

  logStartMoved(_log: PartitionLog): void {
    this.wakeWaiters()
  }

  /** Fails what waits: the partition is going away. */
  retire(errorCode: number): void {
    this.retiredAs = errorCode
    for (const answer of this.acks.takeAbove(-1)) answer.settle(errorCode)
    this.wakeWaiters()
  }

  wakeWaiters(): void {
    const waiters = this.#waiters
    for (let index = 0; index < waiters.length; index++) this.#turn.wake(waiters[index]!)
  }
}
