import type { Offset } from '../base/ids.ts'
import type { Damage, Segment } from './segment.ts'

/** Positions [start, end) of a segment without damage in between. */
export interface Extent {
  readonly start: number
  readonly end: number
}

/** The damage that an offset is lost in; undefined when there is none. */
export function damageAt(segment: Segment, offset: Offset): Damage | undefined {
  return segment.damage?.find((damage) => offset >= damage.from && offset < damage.to)
}

/** The sound stretch that holds an offset which is in no damage. */
export function extentOf(segment: Segment, offset: Offset): Extent {
  let start = 0
  for (const damage of segment.damage ?? []) {
    if (damage.from > offset) return { start, end: damage.position }
    start = damage.endPosition
  }
  return { start, end: segment.size }
}

/** The sound stretches of a segment between two batch boundaries, in order. */
export function soundExtents(segment: Segment, range: Extent): Extent[] {
  const extents: Extent[] = []
  let { start } = range
  for (const damage of segment.damage ?? []) {
    if (damage.position >= range.end) break
    if (damage.position > start) extents.push({ start, end: damage.position })
    start = Math.max(start, damage.endPosition)
  }
  if (start < range.end) extents.push({ start, end: range.end })
  return extents
}
