import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { PartitionLog } from '../../src/log/index.ts'
import { Codec, encodeBatch } from '../../src/records/index.ts'
import { append, compressedBatch, recordsOf, settled } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

let data: DataDirectory
afterEach(() => data.remove())

interface Stored {
  readonly offset: number
  readonly timestamp: number
}

const batch = fc.record({
  timestamps: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 6 }),
  codec: fc.constantFrom(Codec.none, Codec.none, Codec.gzip, Codec.snappy, Codec.lz4, Codec.zstd),
})
const history = fc.record({
  batches: fc.array(batch, { minLength: 1, maxLength: 25 }),
  segmentBytes: fc.integer({ min: 150, max: 1_500 }),
  indexIntervalBytes: fc.constantFrom(0, 100, 4_096),
  start: fc.nat(20),
  restart: fc.constantFrom('none', 'clean', 'crash'),
})

async function fill(
  log: PartitionLog,
  batches: readonly { timestamps: readonly number[]; codec: Codec }[],
): Promise<Stored[]> {
  const stored: Stored[] = []
  for (const { timestamps, codec } of batches) {
    const records = timestamps.map((timestamp) => ({ value: Buffer.from('some value'), timestamp }))
    const bytes = codec === Codec.none ? encodeBatch(records) : await compressedBatch(records, codec)
    const base = append(data.disk, log, bytes)
    for (const [index, timestamp] of timestamps.entries()) stored.push({ offset: base + index, timestamp })
    log.flush()
    await settled(log)
  }
  return stored
}

test('lookups by time agree with a list of records', async () => {
  data = await DataDirectory.open()
  let partition = 0
  await fc.assert(
    fc.asyncProperty(history, async ({ batches, segmentBytes, indexIntervalBytes, start, restart }) => {
      const config = { segmentBytes, indexIntervalBytes }
      const name = `p${partition++}`
      let { log } = await data.load(config, name)
      const stored = await fill(log, batches)
      const end = log.highWatermark
      await log.deleteRecordsBefore(Math.min(start, end - 1))
      const { logStartOffset } = log
      if (restart === 'clean') await data.restart()
      if (restart === 'crash') await data.crash()
      if (restart !== 'none') log = (await data.load(config, name)).log
      const kept = stored.filter((record) => record.offset >= logStartOffset)
      for (let wanted = 0; wanted <= 301; wanted += 13) {
        const expected = kept.find((record) => record.timestamp >= wanted)
        const found = await log.offsetForTimestamp(wanted, end)
        expect(found && { offset: found.offset, timestamp: found.timestamp }).toEqual(expected)
      }
      const newest = Math.max(...kept.map((record) => record.timestamp))
      const found = await log.offsetOfMaxTimestamp(end)
      expect(found).toMatchObject(kept.find((record) => record.timestamp === newest)!)
    }),
    { numRuns: 15, interruptAfterTimeLimit: 20_000 },
  )
})

test('records at or beyond the readable end are not found', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  await fill(log, [
    { timestamps: [10, 20], codec: Codec.none },
    { timestamps: [30, 40], codec: Codec.gzip },
  ])
  expect(await log.offsetForTimestamp(30, 2)).toBeUndefined()
  expect(await log.offsetForTimestamp(15, 1)).toBeUndefined()
  expect((await log.offsetForTimestamp(15, 2))?.offset).toBe(1)
  expect((await log.offsetOfMaxTimestamp(2))?.offset).toBe(1)
  expect((await log.offsetOfMaxTimestamp(4))?.offset).toBe(3)
})

test('an empty log has neither', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  expect(await log.offsetForTimestamp(0, 0)).toBeUndefined()
  expect(await log.offsetOfMaxTimestamp(0)).toBeUndefined()
})

test('the answer names the leader epoch of its batch', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  await log.becomeLeader(4)
  append(data.disk, log, encodeBatch(recordsOf(2, { timestamp: 100 })))
  await log.becomeLeader(6)
  append(data.disk, log, encodeBatch(recordsOf(2, { timestamp: 200 })))
  log.flush()
  await settled(log)
  expect(await log.offsetForTimestamp(101, 4)).toEqual({ offset: 1, timestamp: 101, leaderEpoch: 4 })
  expect(await log.offsetOfMaxTimestamp(4)).toEqual({ offset: 3, timestamp: 201, leaderEpoch: 6 })
})
