import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import {
  BatchValidator,
  Codec,
  createBatchChecksum,
  createRecordWalk,
  decodeBatch,
  encodeBatch,
  encodeCompressedBatch,
  type RecordRules,
  RecordValidator,
  TimestampType,
} from '../../src/records/index.ts'
import { targetFor } from './fake-slab.ts'
import { type GoldenVerdict, goldenBytes, goldenVerdicts } from './golden.ts'

const NOW_MS = 1_800_000_000_000
const clock: Clock = { ...systemClock, nowMs: () => NOW_MS }
const validator = new BatchValidator({ clock, checksum: createBatchChecksum(undefined) })
const recordValidator = new RecordValidator({
  clock,
  walk: createRecordWalk(undefined),
  decompressedBytesMax: 10_000_000,
})

function windowMs(value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  return value === '9223372036854775807' ? Infinity : Number(value)
}

function rulesOf(topic: GoldenVerdict['topic']): RecordRules {
  return {
    batchBytesMax: Number(topic['max.message.bytes'] ?? 1_048_588),
    segmentBytesMax: 1 << 30,
    timestampType:
      topic['message.timestamp.type'] === 'LogAppendTime' ? TimestampType.logAppendTime : TimestampType.createTime,
    timestampBeforeMaxMs: windowMs(topic['message.timestamp.before.max.ms'], Infinity),
    timestampAfterMaxMs: windowMs(topic['message.timestamp.after.max.ms'], 3_600_000),
    keysRequired: topic['cleanup.policy'] === 'compact',
  }
}

/** Header, then every record: what the broker does under sluice.validate.records=full. */
async function judge(row: GoldenVerdict): Promise<{ errorCode: number; recordErrors: number[] }> {
  const target = targetFor(Buffer.from(row.hex, 'hex'))
  const rules = rulesOf(row.topic)
  const errorCode = validator.validate(target, rules)
  if (errorCode !== 0) {
    expect(validator.reason).not.toBe('')
    return { errorCode, recordErrors: [] }
  }
  const { slab, position, byteLength } = target
  const verdict =
    recordValidator.examineNow(slab, position, byteLength, rules) ??
    (await recordValidator.examine(slab, position, byteLength, rules))
  return { errorCode: verdict.errorCode, recordErrors: verdict.recordErrors.map((bad) => bad.batchIndex) }
}

/** Where we answer something else than Kafka, and why. */
const DEVIATIONS: Record<string, { errorCode: number; why: string }> = {
  'one byte too many': { errorCode: 87, why: 'Kafka drops trailing bytes' },
  'twenty zero bytes too many': { errorCode: 87, why: 'trailing bytes are looked at before what they are' },
  'length 14': { errorCode: 87, why: 'the same' },
  'length 48': { errorCode: 87, why: 'the same' },
  'length 49': { errorCode: 87, why: 'the same' },
  'length 14 and no more bytes': { errorCode: 2, why: 'Kafka runs into an exception, UNKNOWN_SERVER_ERROR' },
  'length 2147483647': { errorCode: 87, why: 'Kafka overflows, UNKNOWN_SERVER_ERROR' },
  'codec 5': { errorCode: 76, why: 'Kafka answers UNKNOWN_SERVER_ERROR' },
  'codec 6': { errorCode: 76, why: 'the same' },
  'codec 7': { errorCode: 76, why: 'the same' },
  'producer id beyond 2^53': { errorCode: 87, why: 'ids are numbers' },
  'only the announced maximum is in the future': { errorCode: 32, why: 'indexes trust the header' },
  'offset delta 1 in the first record': { errorCode: 87, why: 'Kafka ignores or rewrites it' },
  'gzip: payload cut to nothing': { errorCode: 87, why: 'Kafka answers UNKNOWN_SERVER_ERROR' },
  'snappy: payload cut to nothing': { errorCode: 87, why: 'the same' },
  'lz4: payload cut to nothing': { errorCode: 87, why: 'the same' },
  'zstd: payload cut to nothing': { errorCode: 87, why: 'the same' },
}

describe("Apache Kafka's verdict is ours", () => {
  it.each(goldenVerdicts.map((row) => [row.name, row] as const))('%s', async (name, row) => {
    const verdict = await judge(row)
    const deviation = DEVIATIONS[name]
    if (deviation !== undefined) {
      expect(row.errorCode, 'no longer a deviation').not.toBe(deviation.errorCode)
      expect(verdict.errorCode).toBe(deviation.errorCode)
      return
    }
    expect(verdict.errorCode).toBe(row.errorCode)
    // The header already tells that a timestamp is wrong, so records are not listed then.
    if (row.recordErrors !== undefined && row.errorCode !== 32) expect(verdict.recordErrors).toEqual(row.recordErrors)
  })

  it('lists no deviation that is not tested', () => {
    const names = goldenVerdicts.map((row) => row.name)
    expect(names).toEqual(expect.arrayContaining(Object.keys(DEVIATIONS)))
  })
})

describe('the validator', () => {
  const rules = rulesOf({})

  it('tells the log what it needs to know', () => {
    const target = targetFor(goldenBytes('none: idempotent'))
    expect(validator.validate(target, rules)).toBe(0)
    expect(target).toMatchObject({
      lastOffsetDelta: 0,
      maxTimestamp: 1_700_000_000_000,
      producerId: 4711,
      producerEpoch: 3,
      baseSequence: 99,
      isTransactional: false,
      isControl: false,
    })
  })

  it('reads every negative producer id as none', () => {
    const target = targetFor(encodeBatch([{ value: Buffer.from('v') }], { producerId: -7 }))
    expect(validator.validate(target, rules)).toBe(0)
    expect(target.producerId).toBe(-1)
  })

  it('refuses a batch that no segment can hold', () => {
    const target = targetFor(goldenBytes('none: one record'))
    expect(validator.validate(target, { ...rules, segmentBytesMax: 75 })).toBe(18)
  })

  it('stamps log append time so that the batch is valid again and says so', () => {
    const target = targetFor(goldenBytes('none: nulls, headers, times out of order'))
    expect(validator.validate(target, rules)).toBe(0)
    expect(validator.stampLogAppendTime(target)).toBe(NOW_MS)
    const { header, records } = decodeBatch(target.slab.bytes, target.position)
    expect(header).toMatchObject({ timestampType: TimestampType.logAppendTime, maxTimestamp: NOW_MS })
    expect(records.map((record) => record.timestamp)).toEqual(records.map(() => NOW_MS))
    expect(target.maxTimestamp).toBe(NOW_MS)
  })
})

describe('record validation', () => {
  const rules = { ...rulesOf({}), keysRequired: true }

  async function verdictOn(batch: Buffer, limits: RecordRules = rules) {
    const { slab, position, byteLength } = targetFor(batch)
    return (
      recordValidator.examineNow(slab, position, byteLength, limits) ??
      (await recordValidator.examine(slab, position, byteLength, limits))
    )
  }

  it('lists every bad record, timestamps deciding the error', async () => {
    const records = [
      { key: Buffer.from('k'), timestamp: NOW_MS },
      { key: null, timestamp: NOW_MS },
      { key: Buffer.from('k'), timestamp: NOW_MS + 3_600_001 },
    ]
    for (const codec of Object.values(Codec)) {
      const verdict = await verdictOn(await encodeCompressedBatch(records, codec))
      expect(verdict.errorCode).toBe(32)
      expect(verdict.recordErrors.map((bad) => bad.batchIndex)).toEqual([1, 2])
    }
  })

  it('bounds the list, not the refusal', async () => {
    const verdict = await verdictOn(encodeBatch(Array.from({ length: 2500 }, () => ({ key: null }))))
    expect(verdict.recordErrors).toHaveLength(1000)
    expect(verdict.message).toContain('2500')
  })

  it('asks the producer to split a batch that decompresses to too much', async () => {
    const batch = await encodeCompressedBatch([{ key: Buffer.from('k'), value: Buffer.alloc(11_000_000) }], Codec.zstd)
    expect(await verdictOn(batch)).toMatchObject({ errorCode: 10, recordErrors: [] })
  })
})
