import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { LogConfig } from '../../src/log/index.ts'
import { ReadStatus } from '../../src/log/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { ALWAYS } from '../commit/fakes.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { append, consume, fetch, range, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory, type LoadedLog } from './support/log-fixture.ts'

let data: DataDirectory
afterEach(() => data.remove())

async function loaded(config: Partial<LogConfig> = {}): Promise<LoadedLog> {
  data = await DataDirectory.open()
  return data.load(config)
}

async function segmentBases(directory: string): Promise<number[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.log'))
  return names.map((name) => Number.parseInt(name, 10)).sort((left, right) => left - right)
}

describe('a segment is finished', () => {
  test('when the next batch would make it larger than segment.bytes', async () => {
    const one = encodeBatch(recordsOf(4))
    const { log } = await loaded({ segmentBytes: 3 * one.length })
    for (let batch = 0; batch < 8; batch++) append(data.disk, log, one)
    log.flush()
    await settled(log)
    expect(await segmentBases(log.directory)).toEqual([0, 12, 24])
    expect(await consume(log)).toEqual(range(0, 32))
  })

  test('but a batch larger than segment.bytes gets one of its own', async () => {
    const { log } = await loaded({ segmentBytes: 200 })
    for (const valueBytes of [10, 5_000, 10]) write(data.disk, log, recordsOf(1, { valueBytes }))
    await settled(log)
    expect(await segmentBases(log.directory)).toEqual([0, 1, 2])
    expect(await consume(log)).toEqual([0, 1, 2])
  })

  test('when its first record is older than segment.ms, by the time of the records', async () => {
    const { log } = await loaded({ segmentMs: 1_000 })
    for (const timestamp of [5_000, 5_900, 6_000, 6_001, 7_001, 7_002]) {
      write(data.disk, log, recordsOf(1, { timestamp }))
      await settled(log)
    }
    // 6001 is more than a second after 5000, 7002 after 6001.
    expect(await segmentBases(log.directory)).toEqual([0, 3, 5])
  })

  test('when an index is full', async () => {
    const { log } = await loaded({ segmentIndexBytes: 48, indexIntervalBytes: 0 })
    for (let batch = 0; batch < 20; batch++) {
      write(data.disk, log, recordsOf(1, { timestamp: 1_000 + batch }))
      await settled(log)
    }
    const bases = await segmentBases(log.directory)
    expect(bases.length).toBeGreaterThan(3)
    for (const name of await readdir(log.directory)) {
      if (!/index$/.test(name)) continue
      expect((await readFile(path.join(log.directory, name))).length).toBeLessThanOrEqual(48)
    }
    expect(await consume(log)).toEqual(range(0, 20))
  })

  test('when offsets would no longer fit its indexes', async () => {
    const { log } = await loaded()
    const far = encodeBatch([
      { value: null, offsetDelta: 0 },
      { value: null, offsetDelta: 0x7fffffff },
    ])
    append(data.disk, log, far)
    expect(append(data.disk, log, encodeBatch(recordsOf(1)))).toBe(0x80000000)
    log.flush()
    await settled(log)
    expect(await segmentBases(log.directory)).toEqual([0, 0x80000000])
    expect(await consume(log, 0x80000000)).toEqual([0x80000000])
  })
})

test('one turn is one write, and one acknowledgement', async () => {
  let disk: FaultDisk | undefined
  data = await DataDirectory.open({
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
  const { log, observer } = await data.load()
  write(data.disk, log, recordsOf(1))
  await settled(log)
  const before = disk!.calls.filter((call) => call.operation === 'writeRowsSync').length
  for (let batch = 0; batch < 10; batch++) append(data.disk, log, encodeBatch(recordsOf(2)))
  expect([log.logEndOffset, log.writtenEnd, log.highWatermark]).toEqual([21, 1, 1])
  data.manager.flushTurn()
  expect([log.logEndOffset, log.writtenEnd, log.highWatermark]).toEqual([21, 21, 21])
  expect(disk!.calls.filter((call) => call.operation === 'writeRowsSync').length).toBe(before + 1)
  expect(observer.highWatermarks).toEqual([1, 21])
})

describe('a write that fails', () => {
  let disk!: FaultDisk

  async function faulty(config: Partial<LogConfig> = {}, policy?: typeof ALWAYS): Promise<LoadedLog> {
    data = await DataDirectory.open({
      ...(policy === undefined ? {} : { policy }),
      wrapDisk: (inner) => {
        disk = new FaultDisk(inner)
        return disk
      },
    })
    const opened = await data.load(config)
    write(data.disk, opened.log, recordsOf(5))
    await settled(opened.log)
    return opened
  }

  for (const code of ['ENOSPC', 'EDQUOT']) {
    for (const shortBytes of [0, 1, 60, 150]) {
      test(`with ${code} after ${shortBytes} bytes gives the offsets back, and the next one works`, async () => {
        const { log, observer } = await faulty()
        disk.inject({ operation: 'writeRowsSync', path: /\.log$/, code, shortBytes })
        const fields = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
        expect(append(data.disk, log, encodeBatch(recordsOf(3), fields))).toBe(5)
        expect(append(data.disk, log, encodeBatch(recordsOf(2)))).toBe(8)
        log.flush()
        expect(observer.failures.map(({ from, fatal }) => ({ from, fatal }))).toEqual([{ from: 5, fatal: false }])
        expect([log.logEndOffset, log.writtenEnd, log.highWatermark]).toEqual([5, 5, 5])
        expect(log.producers()).toEqual([])
        expect(log.failure).toBeUndefined()
        // The retry of the producer: the same sequence is new.
        expect(write(data.disk, log, recordsOf(3), fields)).toBe(5)
        await settled(log)
        expect(await consume(log)).toEqual(range(0, 8))
        expect(log.producers()).toHaveLength(1)
        await data.crash()
        const again = await data.load()
        expect(again.report.truncatedBytes).toBe(0)
        expect(await consume(again.log)).toEqual(range(0, 8))
      })
    }
  }

  test('with EIO fails the log for good: nothing is taken, nothing is served', async () => {
    const { log, observer } = await faulty()
    disk.inject({ operation: 'writeRowsSync', path: /\.log$/, code: 'EIO', shortBytes: 10 })
    append(data.disk, log, encodeBatch(recordsOf(3)))
    log.flush()
    expect(observer.failures.map(({ from, fatal }) => ({ from, fatal }))).toEqual([{ from: 5, fatal: true }])
    expect(log.failure).toBeInstanceOf(Error)
    expect(append(data.disk, log, encodeBatch(recordsOf(1)))).toBe(-1)
    expect((await fetch(log, 0, { end: 5 })).status).toBe(ReadStatus.storageError)
    expect(data.failures).toHaveLength(1)
    expect(data.disk.slabs.bytesInUse).toBe(0)
    await data.stop()
    expect(await readdir(data.directory)).not.toContain('.kafka_cleanshutdown')
  })

  test('an fdatasync that fails is final: acknowledgements fail, and the stop is not clean', async () => {
    const { log, observer } = await faulty({}, ALWAYS)
    expect(log.highWatermark).toBe(5)
    const fault = disk.inject({ operation: 'sync', path: /\.log$/, code: 'EIO' })
    write(data.disk, log, recordsOf(3))
    await settled(log)
    expect(fault.hits).toBe(1)
    expect(observer.failures.map(({ from, fatal }) => ({ from, fatal }))).toEqual([{ from: 5, fatal: true }])
    expect([log.highWatermark, log.durableEnd]).toEqual([5, 5])
    await data.stop()
    expect(await readdir(data.directory)).not.toContain('.kafka_cleanshutdown')
    expect(disk.calls.filter(({ operation, path }) => operation === 'sync' && path.endsWith('0.log'))).toHaveLength(2)
    await data.crash()
    const { log: recovered } = await data.load()
    expect(recovered.logEndOffset).toBeGreaterThanOrEqual(5)
  })

  test('no descriptor for a new segment: the batches are given back, and the log goes on later', async () => {
    const { log, observer } = await faulty({ segmentBytes: 100 })
    disk.inject({ operation: 'open', path: /00000005\.log$/, code: 'EMFILE' })
    append(data.disk, log, encodeBatch(recordsOf(5)))
    log.flush()
    await settled(log)
    expect(observer.failures.map(({ from, fatal }) => ({ from, fatal }))).toEqual([{ from: 5, fatal: false }])
    expect(write(data.disk, log, recordsOf(5))).toBe(5)
    await settled(log)
    expect(await consume(log)).toEqual(range(0, 10))
  })

  test('no room for a new segment: the same', async () => {
    const { log, observer } = await faulty({ segmentBytes: 100 })
    disk.inject({ operation: 'open', path: /00000005\.log$/, code: 'ENOSPC' })
    append(data.disk, log, encodeBatch(recordsOf(5)))
    log.flush()
    await settled(log)
    expect(observer.failures.map(({ from, fatal }) => ({ from, fatal }))).toEqual([{ from: 5, fatal: false }])
    expect(write(data.disk, log, recordsOf(5))).toBe(5)
    await settled(log)
    expect(await consume(log)).toEqual(range(0, 10))
  })
})

test('under always nothing is acknowledged before the names of its files are durable', async () => {
  let disk: FaultDisk | undefined
  data = await DataDirectory.open({
    policy: ALWAYS,
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
  const { log } = await data.load({ segmentBytes: 150 })
  const synced = (suffix: string): boolean =>
    disk!.calls.some(({ operation, path }) => operation === 'syncDirectory' && path.endsWith(suffix))
  expect(synced('/data')).toBe(true)
  expect(synced('/orders-0')).toBe(true)
  write(data.disk, log, recordsOf(5))
  await settled(log)
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  disk!.inject({ operation: 'syncDirectory', path: /orders-0$/, until: held })
  write(data.disk, log, recordsOf(5))
  while (log.writtenEnd < 10) await new Promise<void>((resolve) => setImmediate(resolve))
  for (let turn = 0; turn < 200; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  expect([log.writtenEnd, log.highWatermark]).toEqual([10, 5])
  release()
  await settled(log)
  expect([log.highWatermark, log.durableEnd]).toEqual([10, 10])
})

test('fifty partitions work with four open files', async () => {
  data = await DataDirectory.open({ filesMax: 4 })
  const logs = []
  for (let partition = 0; partition < 50; partition++)
    logs.push((await data.load({ segmentBytes: 400 }, 'many', partition)).log)
  for (let round = 0; round < 6; round++) {
    for (const log of logs) append(data.disk, log, encodeBatch(recordsOf(5)))
    data.manager.flushTurn()
    for (const log of logs) await settled(log)
  }
  for (const log of logs) expect(await consume(log)).toEqual(range(0, 30))
  await data.committer.syncAll()
  for (const log of logs) expect(await consume(log)).toEqual(range(0, 30))
  expect(data.manager.files.openCount).toBeLessThanOrEqual(8)
  await data.restart()
  expect((await data.load({}, 'many', 33)).log.logEndOffset).toBe(30)
})
