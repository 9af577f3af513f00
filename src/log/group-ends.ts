import type { Offset } from '../base/ids.ts'
import type { Segment } from './segment.ts'

/**
 * Where the groups end that were handed to the committer and are not committed
 * yet, oldest first: when the committer says how far it is, the log knows the
 * file position of its high watermark without a scan.
 */
export class GroupEnds {
  passedOffset: Offset = -1
  passedPosition = 0
  passedSegment: Segment | undefined
  /** Pairs of offset and position. */
  readonly #numbers: number[] = []
  readonly #segments: Segment[] = []

  push(endOffset: Offset, segment: Segment, position: number): void {
    this.#numbers.push(endOffset, position)
    this.#segments.push(segment)
  }

  /** Drops the groups that end at or below `end`; the last of them is then in `passed…`. False when there is none. */
  passTo(end: Offset): boolean {
    const numbers = this.#numbers
    let passed = 0
    while (2 * passed < numbers.length && numbers[2 * passed]! <= end) passed++
    if (passed === 0) return false
    this.passedOffset = numbers[2 * passed - 2]!
    this.passedPosition = numbers[2 * passed - 1]!
    this.passedSegment = this.#segments[passed - 1]
    if (2 * passed === numbers.length) {
      numbers.length = 0
      this.#segments.length = 0
    } else {
      numbers.splice(0, 2 * passed)
      this.#segments.splice(0, passed)
    }
    return true
  }
}
