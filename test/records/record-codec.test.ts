import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  batchHeader,
  batchPositions,
  Codec,
  crc32c,
  decodeBatch,
  decodeCompressedBatch,
  encodeBatch,
  encodeCompressedBatch,
  firstRecordAtOrAfter,
  type NewRecord,
  RecordsError,
} from '../../src/records/index.ts'
import { asGolden, clientBatches, goldenBatches, goldenBytes } from './golden.ts'

describe('batches that Apache Kafka wrote', () => {
  it.each(goldenBatches.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    expect(asGolden(await decodeCompressedBatch(Buffer.from(row.hex, 'hex')))).toEqual(row.batches[0])
  })
})

describe('batches that clients wrote', () => {
  it.each(clientBatches.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    expect(asGolden(await decodeCompressedBatch(Buffer.from(row.hex, 'hex')))).toEqual(row.batches[0])
  })
})

describe('the uncompressed encoder', () => {
  const names = [
    'none: one record',
    'none: nulls, headers, times out of order',
    'none: many blocks',
    'none: incompressible',
    'none: idempotent',
    'log append time',
    'transactional',
    'base offset and epoch',
    'no timestamps',
  ]
  it.each(names)('gives the same bytes as Kafka: %s', (name) => {
    const golden = goldenBytes(name)
    const { header, records } = decodeBatch(golden)
    const isAppendTime = header.timestampType === 1
    // The created timestamps of a batch with log append time are not visible: taken from the bytes by other means.
    const created = isAppendTime
      ? decodeBatch(goldenBytes('none: nulls, headers, times out of order')).records
      : records
    const again = encodeBatch(
      records.map((record, index) => ({ ...record, timestamp: created[index]!.timestamp })),
      { ...header, ...(isAppendTime ? { logAppendTimeMs: header.maxTimestamp } : {}) },
    )
    expect(again.toString('hex')).toBe(golden.toString('hex'))
  })
})

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)))
const record: fc.Arbitrary<NewRecord> = fc.record({
  key: bytes,
  value: bytes,
  timestamp: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 45 })),
  headers: fc.array(fc.record({ key: fc.string(), value: bytes }), { maxLength: 4 }),
})

describe('any records, any codec', () => {
  it('come back as they went in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(...Object.values(Codec)),
        fc.nat({ max: 2 ** 40 }),
        async (records, codec, baseOffset) => {
          const batch = await encodeCompressedBatch(records, codec, { baseOffset })
          const decoded = await decodeCompressedBatch(batch)
          expect(decoded.header).toMatchObject({ codec, baseOffset, recordCount: records.length })
          expect(decoded.records).toEqual(records.map((each, index) => ({ ...each, offset: baseOffset + index })))
        },
      ),
      { numRuns: 150 },
    )
  })

  it('that were damaged are an error or an answer, never anything else', async () => {
    const originals = goldenBatches.map((row) => Buffer.from(row.hex, 'hex')).filter((each) => each.length < 3000)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.array(fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        async (original, changes, cut) => {
          const damaged = Buffer.from(original)
          for (const { at, value } of changes) damaged[at % damaged.length] = value
          // With a checksum that matches, or what lies behind it would never be reached.
          damaged.writeInt32BE(crc32c(damaged, batchHeader.ATTRIBUTES), batchHeader.CRC)
          try {
            await decodeCompressedBatch(damaged.subarray(0, damaged.length - (cut % 10 === 0 ? 1 : 0)), 0, 1_000_000)
          } catch (error) {
            expect(error).toBeInstanceOf(RecordsError)
          }
        },
      ),
      { numRuns: 1500 },
    )
  })
})

it('batchPositions finds whole batches and leaves out one that is cut off', () => {
  const [first, second] = [goldenBytes('none: one record'), goldenBytes('gzip: one record')]
  const both = Buffer.concat([first, second])
  expect([...batchPositions(both)]).toEqual([0, first.length])
  expect([...batchPositions(both, 0, both.length - 1)]).toEqual([0])
  both.writeInt32BE(5, first.length + 8)
  expect(() => [...batchPositions(both)]).toThrow(RecordsError)
})

it('firstRecordAtOrAfter looks at every record, since timestamps need not rise', () => {
  const batch = decodeBatch(goldenBytes('none: nulls, headers, times out of order'))
  expect(firstRecordAtOrAfter(batch, 1_700_000_000_501)?.offset).toBe(3)
  expect(firstRecordAtOrAfter(batch, 1_700_000_010_000)).toBeUndefined()
})

it('a synchronous decode of a compressed batch says what to use instead', () => {
  expect(() => decodeBatch(goldenBytes('zstd: one record'))).toThrow('decodeCompressedBatch')
})
