import { describe, expect, it } from 'vitest'
import { loadAddon } from '../../src/native/addon.ts'
import { Crc32cKind } from '../../src/native/addon-io.ts'
import { crc32c as tableCrc32c } from '../../src/records/crc32c.ts'

const addon = loadAddon()!

/** RFC 3720, B.4, and the check value of the catalogue of CRCs. */
const VECTORS: [string, Buffer, number][] = [
  ['nothing', Buffer.alloc(0), 0],
  ['the digits', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 ascending', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['32 descending', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
]

const available = Object.entries(Crc32cKind).filter(
  ([, kind]) => addon.crc32cWith(kind, Buffer.alloc(0), 0, 0, 0) !== undefined,
)

/** xorshift32, so that a failure can be repeated from the seed in its message. */
function randomFrom(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

describe('crc32c', () => {
  it('has the table and, on the processors it is built for, more', () => {
    expect(available.map(([name]) => name)).toContain('table')
  })

  it.each(VECTORS)('of %s', (_, bytes, expected) => {
    expect(addon.crc32c(bytes, 0, bytes.length, 0)).toBe(expected)
    for (const [name, kind] of available) expect(addon.crc32cWith(kind, bytes, 0, bytes.length, 0), name).toBe(expected)
  })

  it.each(available)('%s agrees with the TypeScript table at any offset, length and seed', (_, kind) => {
    const seed = Date.now() | 0
    const random = randomFrom(seed)
    const bytes = Buffer.from(Array.from({ length: 40_000 }, () => random() & 0xff))
    for (let round = 0; round < 400; round++) {
      const offset = random() % 5000
      const length = random() % (round % 2 === 0 ? 1000 : 30_000)
      const before = random()
      const expected = tableCrc32c(bytes, offset, offset + length, before) >>> 0
      const message = `seed ${seed} offset ${offset} length ${length}`
      expect(addon.crc32cWith(kind, bytes, offset, length, before), message).toBe(expected)
    }
  })

  it('chains', () => {
    const bytes = Buffer.from('the quick brown fox jumps over the lazy dog')
    const first = addon.crc32c(bytes, 0, 10, 0)
    expect(addon.crc32c(bytes, 10, bytes.length - 10, first)).toBe(addon.crc32c(bytes, 0, bytes.length, 0))
  })

  it('refuses what lies outside the buffer', () => {
    expect(() => addon.crc32c(Buffer.alloc(8), 4, 5, 0)).toThrow(TypeError)
    expect(() => addon.crc32c(Buffer.alloc(8), -1, 1, 0)).toThrow(TypeError)
  })
})
