import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OffsetIndex } from '../../src/log/offset-index.ts'
import { TimeIndex } from '../../src/log/time-index.ts'

const BASE = 5_000_000_000

/** Batches as (records, bytes, timestamp) and whether the batch got an index entry. */
const batches = fc.array(
  fc.record({
    records: fc.integer({ min: 1, max: 50 }),
    bytes: fc.integer({ min: 61, max: 10_000 }),
    timestamp: fc.integer({ min: 0, max: 1_000 }),
    indexed: fc.boolean(),
  }),
  { maxLength: 60 },
)

interface ModelEntry {
  readonly lastOffset: number
  readonly position: number
}

function build(history: { records: number; bytes: number; indexed: boolean }[]): {
  index: OffsetIndex
  entries: ModelEntry[]
  endOffset: number
  size: number
} {
  const index = new OffsetIndex(BASE)
  const entries: ModelEntry[] = []
  let endOffset = BASE
  let size = 0
  for (const { records, bytes, indexed } of history) {
    const entry = { lastOffset: endOffset + records - 1, position: size }
    // The first batch of a segment never has an entry.
    if (indexed && size > 0) {
      index.add(entry.lastOffset, entry.position)
      entries.push(entry)
    }
    endOffset += records
    size += bytes
  }
  return { index, entries, endOffset, size }
}

describe('the offset index', () => {
  test('finds the last entry at or below an offset or a position, as a list does', () => {
    fc.assert(
      fc.property(batches, (history) => {
        const { index, entries, endOffset, size } = build(history)
        for (let offset = BASE - 1; offset <= endOffset; offset += 7) {
          const expected = entries.findLast((entry) => entry.lastOffset <= offset)?.position ?? 0
          expect(index.floorPosition(offset)).toBe(expected)
        }
        for (let position = 0; position <= size; position += 997) {
          const expected = entries.findLast((entry) => entry.position <= position)?.position ?? 0
          expect(index.floorBoundary(position)).toBe(expected)
        }
      }),
    )
  })

  test('comes back from its bytes, and loses what lies behind a cut', () => {
    fc.assert(
      fc.property(batches, fc.nat(), (history, at) => {
        const { index, entries, size } = build(history)
        const decoded = OffsetIndex.decode(BASE, index.encode(), size)!
        expect(decoded.count).toBe(entries.length)
        expect(decoded.encode()).toEqual(index.encode())
        const position = size === 0 ? 0 : at % size
        decoded.truncateToPosition(position)
        expect(decoded.count).toBe(entries.filter((entry) => entry.position < position).length)
        expect(decoded.persisted).toBe(decoded.count)
      }),
    )
  })

  test('is what Kafka writes: relative last offset and position, big-endian, zeros behind them ignored', () => {
    const index = new OffsetIndex(BASE)
    index.add(BASE + 9, 4_200)
    index.add(BASE + 300, 70_000)
    const bytes = Buffer.from('00000009000010680000012c00011170', 'hex')
    expect(index.encode()).toEqual(bytes)
    expect(OffsetIndex.decode(BASE, Buffer.concat([bytes, Buffer.alloc(80)]), 80_000)!.encode()).toEqual(bytes)
    expect(OffsetIndex.decode(BASE, Buffer.alloc(80), 80_000)!.count).toBe(0)
  })

  test('is refused when it cannot be one', () => {
    const entry = (relative: number, position: number): Buffer => {
      const bytes = Buffer.alloc(8)
      bytes.writeInt32BE(relative, 0)
      bytes.writeInt32BE(position, 4)
      return bytes
    }
    const whole = Buffer.concat([entry(9, 100), entry(19, 200)])
    expect(OffsetIndex.decode(BASE, whole, 300)).toBeDefined()
    expect(OffsetIndex.decode(BASE, whole.subarray(0, 12), 300)).toBeUndefined()
    expect(OffsetIndex.decode(BASE, whole, 200)).toBeUndefined()
    expect(OffsetIndex.decode(BASE, Buffer.concat([entry(9, 100), entry(9, 200)]), 300)).toBeUndefined()
    expect(OffsetIndex.decode(BASE, Buffer.concat([entry(9, 100), entry(19, 100)]), 300)).toBeUndefined()
    expect(OffsetIndex.decode(BASE, Buffer.concat([entry(-9, 100)]), 300)).toBeUndefined()
  })
})

describe('the time index', () => {
  test('answers the offset behind which the first record of a time has to be, as a list does', () => {
    fc.assert(
      fc.property(batches, (history) => {
        const index = new TimeIndex(BASE)
        const entries: { timestamp: number; offset: number }[] = []
        let offset = BASE
        let newest = { timestamp: -1, offset: BASE }
        for (const { records, timestamp, indexed } of history) {
          const lastOffset = offset + records - 1
          if (timestamp > newest.timestamp) newest = { timestamp, offset: lastOffset }
          if (indexed) {
            index.maybeAdd(newest.timestamp, newest.offset)
            if (newest.timestamp > (entries.at(-1)?.timestamp ?? -1)) entries.push(newest)
          }
          offset += records
        }
        expect(index.count).toBe(entries.length)
        for (let timestamp = -1; timestamp <= 1_001; timestamp += 3) {
          const expected = entries.findLast((entry) => entry.timestamp < timestamp)?.offset ?? BASE
          expect(index.floorOffset(timestamp)).toBe(expected)
        }
        const decoded = TimeIndex.decode(BASE, index.encode())!
        expect(decoded.encode()).toEqual(index.encode())
        decoded.truncateTo(BASE + 40)
        expect(decoded.count).toBe(entries.filter((entry) => entry.offset < BASE + 40).length)
      }),
    )
  })

  test('is what Kafka writes: timestamp and relative offset, big-endian', () => {
    const index = new TimeIndex(BASE)
    index.maybeAdd(1_700_000_000_000, BASE + 9)
    index.maybeAdd(1_700_000_000_000, BASE + 20)
    index.maybeAdd(1_700_000_000_500, BASE + 300)
    const bytes = Buffer.from('0000018bcfe56800000000090000018bcfe569f40000012c', 'hex')
    expect(index.encode()).toEqual(bytes)
    expect(TimeIndex.decode(BASE, Buffer.concat([bytes, Buffer.alloc(120)]))!.encode()).toEqual(bytes)
  })

  test('is refused when it cannot be one', () => {
    const bytes = Buffer.from('0000018bcfe56800000000090000018bcfe569f40000012c', 'hex')
    expect(TimeIndex.decode(BASE, bytes.subarray(0, 20))).toBeUndefined()
    expect(TimeIndex.decode(BASE, Buffer.concat([bytes.subarray(12), bytes.subarray(0, 12)]))).toBeUndefined()
    const negative = Buffer.from(bytes)
    negative.writeInt32BE(-1, 8)
    expect(TimeIndex.decode(BASE, negative)).toBeUndefined()
  })
})
