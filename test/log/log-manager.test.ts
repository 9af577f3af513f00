import { afterEach, expect, test } from 'vitest'
import { consume, decode, fetch, range, recordsOf, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

let data: DataDirectory | undefined
afterEach(async () => {
  await data?.remove()
  data = undefined
})

test('what was appended is read, after a clean stop and after a crash', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  for (let batch = 0; batch < 5; batch++) expect(write(data.disk, log, recordsOf(3))).toBe(3 * batch)
  expect(log.logEndOffset).toBe(15)
  expect(log.highWatermark).toBe(15)
  expect(await consume(log)).toEqual(range(0, 15))

  await data.restart()
  expect(data.manager.wasClean).toBe(true)
  const clean = await data.load()
  expect(clean.report).toMatchObject({ truncatedBytes: 0, removedSegments: 0, quarantined: [] })
  expect(clean.log.logEndOffset).toBe(15)
  expect(await consume(clean.log)).toEqual(range(0, 15))
  expect(write(data.disk, clean.log, recordsOf(2))).toBe(15)

  await data.crash()
  expect(data.manager.wasClean).toBe(false)
  const recovered = await data.load()
  expect(recovered.log.logEndOffset).toBe(17)
  expect(await consume(recovered.log)).toEqual(range(0, 17))
  const { bytes, nextOffset } = await fetch(recovered.log, 16)
  expect(decode(bytes).map((record) => record.offset)).toEqual([15, 16])
  expect(nextOffset).toBe(17)
})
