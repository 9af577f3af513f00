import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { ReadStatus } from '../../src/log/index.ts'
import { batchHeader, batchPositions, encodeBatch } from '../../src/records/index.ts'
import { append, consume, decode, fetch, range, recordsOf, settled } from './support/batches.ts'
import { DataDirectory, type LoadedLog } from './support/log-fixture.ts'

let data: DataDirectory | undefined
afterEach(async () => {
  await data?.remove()
  data = undefined
})

/** Ten batches of ten records of about 100 bytes. */
async function tenByTen(segmentBytes?: number): Promise<LoadedLog> {
  data = await DataDirectory.open()
  const loaded = await data.load({ indexIntervalBytes: 1_000, ...(segmentBytes === undefined ? {} : { segmentBytes }) })
  for (let batch = 0; batch < 10; batch++)
    append(data.disk, loaded.log, encodeBatch(recordsOf(10, { valueBytes: 100 })))
  loaded.log.flush()
  await settled(loaded.log)
  return loaded
}

test('a read at any offset begins with the batch that holds it', async () => {
  const { log } = await tenByTen()
  for (const offset of range(0, 100)) {
    const { status, bytes } = await fetch(log, offset, { maxBytes: 1 })
    expect(status).toBe(ReadStatus.ok)
    const first = offset - (offset % 10)
    expect(decode(bytes).map((record) => record.offset)).toEqual(range(first, first + 10))
  }
})

test('an answer holds as many whole batches as fit, and the first one when it must', async () => {
  const { log } = await tenByTen()
  const whole = (await fetch(log, 0)).bytes
  const batchBytes = whole.length / 10
  for (const [maxBytes, batches] of [
    [1, 1],
    [batchBytes - 1, 1],
    [batchBytes, 1],
    [2 * batchBytes - 1, 1],
    [2 * batchBytes, 2],
    [7 * batchBytes + 5, 7],
    [10 * batchBytes, 10],
    [99 * batchBytes, 10],
  ] as const) {
    const { bytes, nextOffset } = await fetch(log, 0, { maxBytes })
    expect([maxBytes, bytes.length]).toEqual([maxBytes, batches * batchBytes])
    expect(nextOffset).toBe(10 * batches)
  }
  const nothing = await fetch(log, 0, { maxBytes: batchBytes - 1, atLeastOne: false })
  expect([nothing.status, nothing.bytes.length, nothing.nextOffset]).toEqual([ReadStatus.ok, 0, 0])
})

test('an answer ends in front of the readable end and never crosses a segment', async () => {
  const { log } = await tenByTen(3_500)
  expect(log.sizeBytes).toBeGreaterThan(3 * 3_500)
  const limited = await fetch(log, 10, { end: 20 })
  expect(decode(limited.bytes).map((record) => record.offset)).toEqual(range(10, 20))
  let answers = 0
  for (let next = 0; next < 100; answers++) {
    const { bytes, nextOffset } = await fetch(log, next)
    expect(decode(bytes).map((record) => record.offset)).toEqual(range(next, nextOffset))
    next = nextOffset
  }
  expect(answers).toBeGreaterThan(2)
})

test('offsets outside the log are out of range, its end is empty', async () => {
  const { log } = await tenByTen()
  expect((await fetch(log, 101)).status).toBe(ReadStatus.outOfRange)
  expect((await fetch(log, -1)).status).toBe(ReadStatus.outOfRange)
  const end = await fetch(log, 100)
  expect([end.status, end.bytes.length, end.nextOffset]).toEqual([ReadStatus.ok, 0, 100])
})

test('readBytes gives whole batches for replay', async () => {
  const { log } = await tenByTen(3_500)
  const seen: number[] = []
  for (let next = 5; next < 100; ) {
    const bytes = await log.readBytes(next, 100, 2_500)
    for (const position of batchPositions(bytes)) {
      seen.push(batchHeader.baseOffset(bytes, position))
      next = batchHeader.lastOffset(bytes, position) + 1
    }
  }
  expect(seen).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
})

const step = fc.record({ records: fc.integer({ min: 1, max: 30 }), valueBytes: fc.integer({ min: 0, max: 3_000 }) })
const history = fc.record({
  turns: fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
  segmentBytes: fc.integer({ min: 200, max: 60_000 }),
  indexIntervalBytes: fc.constantFrom(0, 100, 4_096),
  reads: fc.array(fc.record({ at: fc.nat(), end: fc.nat(), maxBytes: fc.integer({ min: 1, max: 40_000 }) }), {
    minLength: 5,
    maxLength: 20,
  }),
  restart: fc.constantFrom('none', 'clean', 'crash'),
})

test('reads agree with a list of batches, whatever the sizes', async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ turns, segmentBytes, indexIntervalBytes, reads, restart }) => {
      await using opened = await openDisposable()
      const directory = opened.directory
      const config = { segmentBytes, indexIntervalBytes }
      let { log } = await directory.load(config)
      const batches: { base: number; next: number }[] = []
      for (const turn of turns) {
        for (const { records, valueBytes } of turn) {
          const base = append(directory.disk, log, encodeBatch(recordsOf(records, { valueBytes })))
          batches.push({ base, next: base + records })
        }
        log.flush()
      }
      await settled(log)
      if (restart === 'clean') await directory.restart()
      if (restart === 'crash') await directory.crash()
      if (restart !== 'none') log = (await directory.load(config)).log
      const end = batches.at(-1)!.next
      expect(log.highWatermark).toBe(end)
      expect(await consume(log)).toEqual(range(0, end))
      for (const read of reads) {
        const at = read.at % end
        const upTo = batches[read.end % batches.length]!.next
        const { status, bytes, nextOffset } = await fetch(log, at, { end: upTo, maxBytes: read.maxBytes })
        expect(status).toBe(ReadStatus.ok)
        const first = batches.find((batch) => batch.next > at)!
        if (at >= upTo) {
          expect(bytes.length).toBe(0)
          continue
        }
        const offsets = decode(bytes).map((record) => record.offset)
        expect(offsets).toEqual(range(first.base, nextOffset))
        expect(nextOffset).toBeLessThanOrEqual(upTo)
        expect(batches.some((batch) => batch.next === nextOffset)).toBe(true)
        if (bytes.length > read.maxBytes) expect(nextOffset).toBe(first.next)
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 20_000 },
  )
})

async function openDisposable(): Promise<{ directory: DataDirectory } & AsyncDisposable> {
  const directory = await DataDirectory.open()
  return { directory, [Symbol.asyncDispose]: () => directory.remove() }
}
