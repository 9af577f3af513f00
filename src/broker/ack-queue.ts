import type { Offset } from '../base/ids.ts'
import type { ProducePartitionAnswer } from './produce-answer.ts'

/**
 * The high-watermark purgatory of one partition: acknowledgements in the order
 * of the offsets they wait for. Even acks=1 waits here, so that nothing is
 * acknowledged that a reader may not see. Two parallel arrays with a head index:
 * the steady state allocates nothing.
 */
export class AckQueue {
  #ends: Offset[] = []
  #answers: ProducePartitionAnswer[] = []
  #head = 0

  get length(): number {
    return this.#ends.length - this.#head
  }

  /** `end` never falls below that of an earlier push, except for duplicates, which wait behind their original. */
  push(end: Offset, answer: ProducePartitionAnswer): void {
    this.#ends.push(end)
    this.#answers.push(answer)
  }

  /** Takes the oldest answer whose end is at or below `highWatermark`. */
  takeUpTo(highWatermark: Offset): ProducePartitionAnswer | undefined {
    if (this.#head === this.#ends.length || this.#ends[this.#head]! > highWatermark) return undefined
    const answer = this.#answers[this.#head++]!
    if (this.#head === this.#ends.length) {
      this.#ends.length = 0
      this.#answers.length = 0
      this.#head = 0
    } else if (this.#head >= 1024) {
      this.#ends.splice(0, this.#head)
      this.#answers.splice(0, this.#head)
      this.#head = 0
    }
    return answer
  }

  /** Takes every answer that waits for an end above `from`: their batches were given back. */
  takeAbove(from: Offset): ProducePartitionAnswer[] {
    const taken: ProducePartitionAnswer[] = []
    const keptEnds: Offset[] = []
    const keptAnswers: ProducePartitionAnswer[] = []
    for (let index = this.#head; index < this.#ends.length; index++) {
      if (this.#ends[index]! > from) {
        taken.push(this.#answers[index]!)
      } else {
        keptEnds.push(this.#ends[index]!)
        keptAnswers.push(this.#answers[index]!)
      }
    }
    this.#ends = keptEnds
    this.#answers = keptAnswers
    this.#head = 0
    return taken
  }
}
