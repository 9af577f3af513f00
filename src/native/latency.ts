import type { LatencySnapshot } from './disk.ts'

/**
 * Log-linear latency buckets: each nanosecond below 8 has its own, then there
 * are eight to every power of two up to 2^36 ns (69 s), so that a value read
 * back is at most 12.5 % off. The same layout as native/io/latency.hh.
 */
const SUB_BUCKETS = 8
const SUB_BITS = 3
const TOP_BIT = 36
export const BUCKET_COUNT = (TOP_BIT - SUB_BITS) * SUB_BUCKETS + SUB_BUCKETS

export function bucketOf(ns: number): number {
  if (ns < SUB_BUCKETS) return Math.max(0, Math.floor(ns))
  if (ns >= 2 ** TOP_BIT) return BUCKET_COUNT - 1
  const shift = Math.floor(Math.log2(ns)) - SUB_BITS
  return shift * SUB_BUCKETS + Math.floor(ns / 2 ** shift)
}

/** The smallest value that falls into bucket `index`. */
export function bucketLowerNs(index: number): number {
  if (index < 2 * SUB_BUCKETS) return index
  const shift = Math.floor(index / SUB_BUCKETS) - 1
  return (index - shift * SUB_BUCKETS) * 2 ** shift
}

/** Latencies of calls made from JavaScript, where the addon does not count them. */
export class LatencyRecorder {
  readonly #rows = new Map<string, MutableSnapshot>()

  record(syscall: string, ns: number, outcome: { bytes: number; failed: boolean }): void {
    let row = this.#rows.get(syscall)
    if (row === undefined) {
      row = { syscall, count: 0, errors: 0, totalNs: 0, maxNs: 0, bytes: 0, buckets: [] }
      this.#rows.set(syscall, row)
    }
    row.count++
    row.totalNs += ns
    row.maxNs = Math.max(row.maxNs, ns)
    row.bytes += outcome.bytes
    if (outcome.failed) row.errors++
    const bucket = bucketOf(ns)
    while (row.buckets.length <= bucket) row.buckets.push(0)
    row.buckets[bucket]! += 1
  }

  snapshots(): LatencySnapshot[] {
    return [...this.#rows.values()].map((row) => ({ ...row, buckets: [...row.buckets] }))
  }
}

interface MutableSnapshot {
  syscall: string
  count: number
  errors: number
  totalNs: number
  maxNs: number
  bytes: number
  buckets: number[]
}
