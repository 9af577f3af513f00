import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUCKET_COUNT, bucketLowerNs, bucketOf, LatencyRecorder } from '../../src/native/latency.ts'

describe('buckets', () => {
  it('are contiguous: each begins where the one before ends', () => {
    for (let index = 0; index < BUCKET_COUNT - 1; index++) {
      const next = bucketLowerNs(index + 1)
      expect(bucketOf(bucketLowerNs(index))).toBe(index)
      expect(bucketOf(next - 1)).toBe(index)
      expect(bucketOf(next)).toBe(index + 1)
    }
  })

  it('hold a value to an eighth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 2 ** 36 - 1 }), (ns) => {
        const lower = bucketLowerNs(bucketOf(ns))
        expect(lower).toBeLessThanOrEqual(ns)
        expect(ns - lower).toBeLessThan(lower / 8 + 1)
      }),
    )
  })

  it('keep what is longer than a minute in the last', () => {
    expect(bucketOf(2 ** 36)).toBe(BUCKET_COUNT - 1)
    expect(bucketOf(1e15)).toBe(BUCKET_COUNT - 1)
  })
})

describe('recorder', () => {
  it('adds up by call', () => {
    const recorder = new LatencyRecorder()
    recorder.record('pread', 100, { bytes: 10, failed: false })
    recorder.record('pread', 300, { bytes: 0, failed: true })
    recorder.record('fsync', 5, { bytes: 0, failed: false })
    const [pread, fsync] = recorder.snapshots()
    expect(pread).toMatchObject({ syscall: 'pread', count: 2, errors: 1, totalNs: 400, maxNs: 300, bytes: 10 })
    expect(pread!.buckets[bucketOf(100)]).toBe(1)
    expect(pread!.buckets.reduce((sum, n) => sum + n, 0)).toBe(2)
    expect(fsync).toMatchObject({ syscall: 'fsync', count: 1 })
  })
})
