import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError, decode, fetchRequest, metadataRequest, produceRequest, Reader } from '../../src/protocol/index.ts'
import { messageNamed } from './all-messages.ts'

// Whatever the bytes are:
// 1. decoding throws DecodeError or returns, nothing else;
// 2. a message cut short at any byte throws DecodeError;
// 3. a count or length is refused before anything of that size is allocated;
// 4. nothing is read beyond the end given to the reader.

const rows: { name: string; version: number; hex: string }[] = gunzipSync(
  readFileSync(new URL('../wire/golden.jsonl.gz', import.meta.url)),
)
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

/** One vector for each version: the longest, which holds the most kinds of fields. */
const longest = new Map<string, (typeof rows)[number]>()
for (const row of rows) {
  const key = `${row.name} v${row.version}`
  if (row.hex.length >= (longest.get(key)?.hex.length ?? 0)) longest.set(key, row)
}

function decodeOutcome(reader: Reader, name: string, version: number): 'decoded' | 'refused' {
  try {
    decode(messageNamed(name), reader, version)
    return 'decoded'
  } catch (error) {
    if (error instanceof DecodeError) return 'refused'
    throw error
  }
}

describe('damaged messages of every version', () => {
  test('cut short at any byte they are refused, although the rest is there behind the end', () => {
    const reader = new Reader()
    const accepted: string[] = []
    for (const { name, version, hex } of longest.values()) {
      const bytes = Buffer.from(hex, 'hex')
      for (let end = 0; end < bytes.length; end++) {
        reader.reset(bytes, 0, end)
        if (decodeOutcome(reader, name, version) !== 'refused') accepted.push(`${name} v${version} cut at ${end}`)
      }
    }
    expect(accepted).toEqual([])
  })

  test('with bytes changed they decode or are refused, and stay within their end', () => {
    const reader = new Reader()
    const damage = fc.record({
      row: fc.constantFrom(...longest.values()),
      changes: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255))), {
        minLength: 1,
        maxLength: 8,
      }),
    })
    const property = fc.property(damage, ({ row, changes }) => {
      const bytes = Buffer.from(row.hex, 'hex')
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
      reader.reset(bytes, 0, bytes.length)
      decodeOutcome(reader, row.name, row.version)
      expect(reader.position).toBeLessThanOrEqual(bytes.length)
    })
    fc.assert(property, { numRuns: 10_000 })
  })
})

describe('counts and lengths', () => {
  function readerOf(hex: string, options: { elementsMax?: number } = {}): Reader {
    const reader = new Reader(options)
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    reader.reset(bytes, 0, bytes.length)
    return reader
  }

  test.each([
    ['of two billion', '7fffffff 0001 61'],
    ['negative, but not null', 'fffffffe 0001 61'],
    ['null where null is not legal', 'ffffffff'],
    ['of one more than what is left can hold', '00000003 0000 0000'],
  ])('an array count %s is refused', (_, hex) => {
    expect(() => decode(metadataRequest, readerOf(hex), 0)).toThrow(DecodeError)
  })

  test('a compact count of four billion is refused', () => {
    expect(() => decode(metadataRequest, readerOf('ffffffff0f 02 61 00'), 9)).toThrow(/array of/)
  })

  test('a varint that needs more than 32 bits is refused', () => {
    expect(() => decode(metadataRequest, readerOf('ffffffff1f 02 61 00'), 9)).toThrow(/varint/)
    expect(() => decode(metadataRequest, readerOf('808080808001 02 61 00'), 9)).toThrow(/varint/)
  })

  test.each([
    ['longer than the frame', '0000 7fff 61'],
    ['negative, but not null', 'fffe 61'],
  ])('a string %s is refused', (_, hex) => {
    expect(() => decode(produceRequest, readerOf(hex), 3)).toThrow(DecodeError)
  })

  test('records longer than the frame are refused', () => {
    const head = 'ffff ffff 00007530 00000001 0001 61 00000001 00000000'
    expect(() => decode(produceRequest, readerOf(`${head} 7fffffff 00`), 3)).toThrow(/records of length 2147483647/)
    expect(() => decode(produceRequest, readerOf(`${head} fffffffe`), 3)).toThrow(/records of length -2/)
  })

  test('a frame of tiny elements is refused at the bound instead of becoming a million objects', () => {
    const elementsMax = 1000
    const body = `${(elementsMax + 1).toString(16).padStart(8, '0')}${'0000'.repeat(elementsMax + 1)}`
    expect(() => decode(metadataRequest, readerOf(body, { elementsMax }), 0)).toThrow(/more than 1000 array elements/)
    const exactly = `${elementsMax.toString(16).padStart(8, '0')}${'0000'.repeat(elementsMax)}`
    expect(decode(metadataRequest, readerOf(exactly, { elementsMax }), 0).topics).toHaveLength(elementsMax)
  })

  test('the bound counts all arrays of a frame, and starts anew with the next', () => {
    const reader = readerOf('', { elementsMax: 3 })
    const twoTopics = Buffer.from('00000002 0001 61 0001 62'.replaceAll(' ', ''), 'hex')
    for (let frame = 0; frame < 3; frame++) {
      reader.reset(twoTopics, 0, twoTopics.length)
      expect(decode(metadataRequest, reader, 0).topics).toHaveLength(2)
    }
    const partitions = '00000001 0001 61 00000003 00000001 00000002 00000003'
    const forgotten = Buffer.from(
      `ffffffff 00000000 00000001 00000001 00 00000000 ffffffff 00000000 ${partitions}`.replaceAll(' ', ''),
      'hex',
    )
    reader.reset(forgotten, 0, forgotten.length)
    expect(() => decode(fetchRequest, reader, 7)).toThrow(/more than 3 array elements/)
  })

  test('an integer beyond 2^53 is refused, or clamped where further than anything has a meaning', () => {
    const safe = 'ffe0000000000001 001fffffffffffff'
    const reader = readerOf(`${safe} 0020000000000000 ffe0000000000000 7fffffffffffffff 8000000000000000`)
    expect(reader.int64()).toBe(Number.MIN_SAFE_INTEGER)
    expect(reader.int64()).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => reader.int64()).toThrow(/beyond 2\^53 at byte 16/)
    expect(() => reader.int64()).toThrow(/beyond 2\^53 at byte 24/)
    expect(reader.int64Clamped()).toBe(Number.MAX_SAFE_INTEGER)
    expect(reader.int64Clamped()).toBe(Number.MIN_SAFE_INTEGER)
  })
})

describe('tag sections', () => {
  const metadata = (tags: string): Reader => {
    const reader = new Reader()
    const bytes = Buffer.from(`01 00 00 00 ${tags}`.replaceAll(' ', ''), 'hex')
    reader.reset(bytes, 0, bytes.length)
    return reader
  }

  test('unknown tags are skipped', () => {
    const reader = metadata('02 00 03 616263 8801 00')
    expect(decode(metadataRequest, reader, 9).topics).toEqual([])
    expect(reader.remaining).toBe(0)
  })

  test.each([
    ['larger than the frame', '01 00 7f 61'],
    ['missing', '01 00'],
    ['and a count that promises more', '05 00 00'],
  ])('a tag size %s is refused', (_, tags) => {
    expect(() => decode(metadataRequest, metadata(tags), 9)).toThrow(DecodeError)
  })

  test('a known tag whose size is not that of its value is refused', () => {
    const fetch = (tag: string): Reader => {
      const fixed = 'ffffffff 00000000 00000001 00000001 00 00000000 ffffffff 01 01 01'
      const reader = new Reader()
      const bytes = Buffer.from(`${fixed} ${tag}`.replaceAll(' ', ''), 'hex')
      reader.reset(bytes, 0, bytes.length)
      return reader
    }
    expect(decode(fetchRequest, fetch('01 00 02 02 61'), 13).clusterId).toBe('a')
    expect(() => decode(fetchRequest, fetch('01 00 03 02 61 00'), 13)).toThrow(/size differs/)
  })
})
