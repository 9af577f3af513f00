import { readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { APPEND_ACCEPTED, DUPLICATE, type PartitionLog } from '../../src/log/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { append, check, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

const OUT_OF_ORDER = 45
const INVALID_EPOCH = 47
const PRODUCER = 9_000

let data: DataDirectory
afterEach(() => data.remove())

function fields(baseSequence: number, producerEpoch = 0, producerId = PRODUCER) {
  return { producerId, producerEpoch, baseSequence }
}

/** Appends batches of the producer, `records` each, from sequence 0 on. */
async function produced(batches: number, records: number, config = {}): Promise<PartitionLog> {
  data = await DataDirectory.open()
  const { log } = await data.load(config)
  for (let batch = 0; batch < batches; batch++) {
    expect(check(data.disk, log, records, fields(batch * records))).toBe(APPEND_ACCEPTED)
    write(data.disk, log, recordsOf(records), fields(batch * records))
  }
  await settled(log)
  return log
}

function expectDuplicate(log: PartitionLog, records: number, baseSequence: number, offset: number): void {
  expect(check(data.disk, log, records, fields(baseSequence))).toBe(DUPLICATE)
  expect([log.duplicateBaseOffset, log.duplicateEndOffset]).toEqual([offset, offset + records])
}

test('the last five batches are duplicates with their original offsets, older ones are out of order', async () => {
  const log = await produced(7, 3)
  for (const batch of [2, 3, 4, 5, 6]) expectDuplicate(log, 3, 3 * batch, 3 * batch)
  expect(check(data.disk, log, 3, fields(3))).toBe(OUT_OF_ORDER)
  expect(check(data.disk, log, 3, fields(21))).toBe(APPEND_ACCEPTED)
  expect(check(data.disk, log, 3, fields(22))).toBe(OUT_OF_ORDER)
  // A part of a remembered batch is none of them.
  expect(check(data.disk, log, 2, fields(18))).toBe(OUT_OF_ORDER)
})

test('an older epoch is fenced, a newer one starts at sequence 0', async () => {
  const log = await produced(1, 3)
  write(data.disk, log, recordsOf(1), fields(0, 3))
  expect(check(data.disk, log, 1, fields(3, 2))).toBe(INVALID_EPOCH)
  expect(check(data.disk, log, 1, fields(1, 3))).toBe(APPEND_ACCEPTED)
  expect(check(data.disk, log, 1, fields(1, 4))).toBe(OUT_OF_ORDER)
  expect(check(data.disk, log, 1, fields(0, 4))).toBe(APPEND_ACCEPTED)
})

test('sequences begin again at 0 behind the largest int32', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  write(data.disk, log, recordsOf(4), fields(0x7ffffffe))
  expect(check(data.disk, log, 1, fields(2))).toBe(APPEND_ACCEPTED)
  expect(check(data.disk, log, 1, fields(3))).toBe(OUT_OF_ORDER)
  expectDuplicate(log, 4, 0x7ffffffe, 0)
})

describe('after a restart', () => {
  test('that was clean the last batch is known, and the next sequence', async () => {
    await produced(7, 3)
    await data.restart()
    const { log } = await data.load()
    expectDuplicate(log, 3, 18, 18)
    expect(check(data.disk, log, 3, fields(0))).toBe(OUT_OF_ORDER)
    expect(check(data.disk, log, 3, fields(21))).toBe(APPEND_ACCEPTED)
    expect(check(data.disk, log, 3, fields(24))).toBe(OUT_OF_ORDER)
  })

  test('that was unclean all five are known', async () => {
    await produced(7, 3)
    await data.crash()
    const { log } = await data.load()
    for (const batch of [2, 3, 4, 5, 6]) expectDuplicate(log, 3, 3 * batch, 3 * batch)
    expect(check(data.disk, log, 3, fields(21))).toBe(APPEND_ACCEPTED)
  })

  for (const [name, damage] of [
    ['missing', (filePath: string) => unlink(filePath)],
    ['empty', (filePath: string) => writeFile(filePath, '')],
    ['damaged', async (filePath: string) => writeFile(filePath, (await readFile(filePath)).fill(0xa5, 12))],
  ] as const) {
    test(`with snapshots ${name} the state comes from the log`, async () => {
      const { directory } = await produced(30, 3, { segmentBytes: 600 })
      await data.stop()
      const snapshots = (await readdir(directory)).filter((file) => file.endsWith('.snapshot'))
      expect(snapshots.length).toBeGreaterThan(0)
      for (const snapshot of snapshots) await damage(path.join(directory, snapshot))
      await data.start()
      const { log } = await data.load({ segmentBytes: 600 })
      expectDuplicate(log, 3, 87, 87)
      expect(check(data.disk, log, 3, fields(90))).toBe(APPEND_ACCEPTED)
      expect(log.producers()).toMatchObject([{ producerId: PRODUCER, producerEpoch: 0, lastSequence: 89 }])
    })
  }

  test('a snapshot holds what is written, not what is queued', async () => {
    data = await DataDirectory.open()
    const { log } = await data.load({ segmentBytes: 300 })
    for (let batch = 0; batch < 20; batch++) append(data.disk, log, encodeBatch(recordsOf(3), fields(3 * batch)))
    log.flush()
    await settled(log)
    await data.crash()
    const recovered = (await data.load({ segmentBytes: 300 })).log
    expectDuplicate(recovered, 3, 57, 57)
    expect(check(data.disk, recovered, 3, fields(60))).toBe(APPEND_ACCEPTED)
  })

  test('at most two snapshots are kept, none below the log start', async () => {
    const log = await produced(30, 3, { segmentBytes: 600 })
    await log.deleteRecordsBefore(log.highWatermark)
    await data.stop()
    const snapshots = (await readdir(log.directory)).filter((file) => file.endsWith('.snapshot'))
    expect(snapshots.length).toBeLessThanOrEqual(2)
    expect(snapshots).toContain('00000000000000000090.snapshot')
    await data.start()
    const reopened = (await data.load({ segmentBytes: 600 })).log
    expectDuplicate(reopened, 3, 87, 87)
  })
})

test('a producer is forgotten when it was silent for producer.id.expiration.ms', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load({ producerIdExpirationMs: 1_000 })
  write(data.disk, log, recordsOf(1, { timestamp: 5_000 }), fields(0))
  write(data.disk, log, recordsOf(1, { timestamp: 5_500 }), fields(0, 0, PRODUCER + 1))
  await log.applyRetention(6_200)
  expect(log.producers().map((producer) => producer.producerId)).toEqual([PRODUCER + 1])
  expect(check(data.disk, log, 1, fields(17))).toBe(APPEND_ACCEPTED)
})

/** What KIP-98 says of one producer, kept as plainly as can be. */
class Model {
  epoch = -1
  next = 0
  batches: { sequence: number; count: number; offset: number }[] = []

  answer(epoch: number, sequence: number, count: number): number {
    if (this.epoch < 0) return APPEND_ACCEPTED
    if (epoch < this.epoch) return INVALID_EPOCH
    if (epoch > this.epoch) return sequence === 0 ? APPEND_ACCEPTED : OUT_OF_ORDER
    if (this.batches.some((batch) => batch.sequence === sequence && batch.count === count)) return DUPLICATE
    return sequence === this.next ? APPEND_ACCEPTED : OUT_OF_ORDER
  }

  accept(epoch: number, sequence: number, count: number, offset: number): void {
    const kept = epoch === this.epoch ? this.batches.slice(-4) : []
    this.batches = [...kept, { sequence, count, offset }]
    this.epoch = epoch
    this.next = sequence + count
  }
}

test('any order of sequences and epochs is answered as the model does', async () => {
  data = await DataDirectory.open()
  let partition = 0
  const step = fc.record({
    epoch: fc.integer({ min: 0, max: 2 }),
    back: fc.integer({ min: -1, max: 8 }),
    count: fc.integer({ min: 1, max: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { log } = await data.load({}, 'model', partition++)
      const model = new Model()
      for (const { epoch, back, count } of steps) {
        const sequence = Math.max(model.next - back, 0)
        const expected = model.answer(epoch, sequence, count)
        expect(check(data.disk, log, count, fields(sequence, epoch))).toBe(expected)
        if (expected === DUPLICATE) {
          const original = model.batches.find((batch) => batch.sequence === sequence && batch.count === count)!
          expect(log.duplicateBaseOffset).toBe(original.offset)
        }
        if (expected !== APPEND_ACCEPTED) continue
        model.accept(epoch, sequence, count, write(data.disk, log, recordsOf(count), fields(sequence, epoch)))
      }
    }),
    { numRuns: 60, interruptAfterTimeLimit: 15_000 },
  )
})
