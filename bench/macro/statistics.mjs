export function median(values) {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median, smallest and largest. */
export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** The list begun at another place each round, so that no target always follows the same one. */
export function rotated(list, round) {
  const start = round % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}
