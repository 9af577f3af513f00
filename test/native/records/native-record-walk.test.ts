import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadAddon } from '../../../src/native/addon.ts'
import { NativeSlabPool } from '../../../src/native/native-slabs.ts'
import { crc32c, createBatchChecksum, createRecordWalk, encodeBatch } from '../../../src/records/index.ts'
import { goldenBytes } from '../../records/golden.ts'

/*
 * The addon and its TypeScript twins must agree on every input: mutated record
 * sections of real batches, with rules drawn at random.
 */
const addon = loadAddon()
if (addon === undefined) throw new Error('the native layer is not built: npm run build:native')
const native = createRecordWalk(addon)
const portable = createRecordWalk(undefined)

const sections = [
  goldenBytes('none: one record'),
  goldenBytes('none: nulls, headers, times out of order'),
  goldenBytes('none: incompressible'),
  encodeBatch([
    { timestamp: 0, value: Buffer.alloc(200) },
    { timestamp: Number.MAX_SAFE_INTEGER, key: Buffer.alloc(70) },
    { timestamp: 2 ** 40 },
  ]),
].map((batch) => batch.subarray(61))

const extreme = fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x01, 0x02)
const mutation = fc.record({ at: fc.nat(), value: fc.oneof(extreme, fc.integer({ min: 0, max: 255 })) })
const rules = fc.record({
  count: fc.integer({ min: -1, max: 7 }),
  keysRequired: fc.boolean(),
  timestampsChecked: fc.boolean(),
  baseTimestamp: fc.oneof(
    fc.constantFrom(-1, 0, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
    fc.maxSafeInteger(),
  ),
  nowMs: fc.constantFrom(0, 1_700_000_000_000),
  timestampBeforeMaxMs: fc.constantFrom(0, 1000, Infinity),
  timestampAfterMaxMs: fc.constantFrom(0, 3_600_000, Infinity),
})

describe('the native record walk', () => {
  it('finds the same faults as the portable one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...sections),
        fc.array(mutation, { maxLength: 6 }),
        fc.nat({ max: 4 }),
        rules,
        fc.constantFrom(0, 2, 64),
        (section, mutations, cut, walkRules, capacity) => {
          const bytes = Buffer.from(section.subarray(0, section.length - cut))
          for (const { at, value } of mutations) bytes[at % bytes.length] = value
          const [ours, theirs] = [new Int32Array(capacity), new Int32Array(capacity)]
          const found = native(bytes, 0, bytes.length, walkRules, ours)
          expect(portable(bytes, 0, bytes.length, walkRules, theirs)).toBe(found)
          expect(theirs).toEqual(ours)
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('agrees on varlongs of every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 11 }), fc.boolean(), rules, (tail, continued, walkRules) => {
        const varlong = Uint8Array.from(tail, (byte, at) => (continued && at < tail.length - 1 ? byte | 0x80 : byte))
        const body = Buffer.concat([Buffer.of(0), varlong, Buffer.of(0, 1, 1, 0)])
        const bytes = Buffer.concat([Buffer.of(body.length * 2), body])
        const [ours, theirs] = [new Int32Array(8), new Int32Array(8)]
        const oneRecord = { ...walkRules, count: 1, timestampsChecked: true }
        const found = native(bytes, 0, bytes.length, oneRecord, ours)
        expect(portable(bytes, 0, bytes.length, oneRecord, theirs)).toBe(found)
        expect(theirs).toEqual(ours)
      }),
      { numRuns: 5000 },
    )
  })

  it('refuses ranges outside the bytes', () => {
    const parameters = new Float64Array(7)
    expect(() => addon.walkRecords(Buffer.alloc(4), 0, 5, parameters, new Int32Array(2))).toThrow(TypeError)
    expect(() => addon.walkRecords(Buffer.alloc(4), 3, 2, parameters, new Int32Array(2))).toThrow(TypeError)
    expect(() => addon.walkRecords(Buffer.alloc(4), 0, 4, new Float64Array(6), new Int32Array(2))).toThrow(TypeError)
  })
})

describe('the native checksum', () => {
  it('is the portable one', () => {
    const slab = new NativeSlabPool(addon).allocate(8192)
    for (let at = 0; at < slab.bytes.length; at++) slab.bytes[at] = (at * 31 + (at >>> 5)) & 0xff
    const [ours, theirs] = [createBatchChecksum(addon), createBatchChecksum(undefined)]
    for (let byteLength = 0; byteLength < 600; byteLength += 7) {
      expect(ours(slab, byteLength % 13, byteLength)).toBe(theirs(slab, byteLength % 13, byteLength))
    }
    slab.release()
  })

  it('refuses ranges outside the slab', () => {
    const slab = new NativeSlabPool(addon).allocate(4096)
    expect(() => addon.slabCrc32c(slab.id, 0, slab.bytes.length + 1)).toThrow(TypeError)
    expect(() => addon.slabCrc32c(slab.id, slab.bytes.length + 1, 0)).toThrow(TypeError)
    expect(() => addon.slabCrc32c(65_000, 0, 1)).toThrow(TypeError)
    slab.release()
  })
})

it('the portable checksum gives the value of RFC 3720', () => {
  expect(crc32c(Buffer.alloc(32)) >>> 0).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff)) >>> 0).toBe(0x62a8ab43)
  expect(crc32c(Buffer.from('123456789')) >>> 0).toBe(0xe3069283)
})
