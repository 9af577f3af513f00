import { open, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type PartitionLog, ReadStatus } from '../../src/log/index.ts'
import { consume, decode, fetch, range, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory, type LoadedLog } from './support/log-fixture.ts'

let data: DataDirectory
afterEach(() => data.remove())

const LOG = '00000000000000000000.log'

/** Batches of five records; nothing of it is below the recovery point. */
async function written(batches: number, segmentBytes?: number): Promise<LoadedLog> {
  data = await DataDirectory.open()
  const loaded = await data.load(segmentBytes === undefined ? {} : { segmentBytes })
  for (let batch = 0; batch < batches; batch++) {
    write(data.disk, loaded.log, recordsOf(5))
    await settled(loaded.log)
  }
  return loaded
}

function file(directory: string, name: string): string {
  return path.join(directory, 'orders-0', name)
}

async function change(filePath: string, position: number, bytes: Buffer): Promise<void> {
  const handle = await open(filePath, 'r+')
  await handle.write(bytes, 0, bytes.length, position)
  await handle.close()
}

async function flip(filePath: string, position: number): Promise<void> {
  const bytes = await readFile(filePath)
  await change(filePath, position, Buffer.from([bytes[position]! ^ 0x10]))
}

describe('a torn tail', () => {
  test('cut at any byte of the last two batches leaves the whole batches before it', async () => {
    const { log } = await written(4)
    const batchBytes = log.sizeBytes / 4
    for (let size = 2 * batchBytes; size < 4 * batchBytes; size++) {
      await data.crash((directory) => truncate(file(directory, LOG), size))
      const { log: recovered, report } = await data.load()
      const whole = Math.floor(size / batchBytes)
      expect([size, recovered.logEndOffset]).toEqual([size, 5 * whole])
      expect(report.truncatedBytes).toBe(size - whole * batchBytes)
      expect(write(data.disk, recovered, recordsOf(5))).toBe(5 * whole)
      expect(await consume(recovered)).toEqual(range(0, 5 * whole + 5))
      // The next crash starts from four batches again.
      await data.stop()
      await rewind(4 * batchBytes)
    }
  })

  /** Makes the log four sound batches again, in a directory that was not stopped cleanly. */
  async function rewind(byteLength: number): Promise<void> {
    const first = path.join(path.dirname(data.directory), 'data')
    expect((await readFile(file(first, LOG))).length).toBe(byteLength)
    data.directory = first
  }

  for (const [name, tail] of [
    ['garbage', Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7919 + 13) & 0xff))],
    ['zeros', Buffer.alloc(100_000)],
    ['half a header', Buffer.alloc(30, 1)],
  ] as const) {
    test(`${name} behind the last batch go`, async () => {
      const { log } = await written(3)
      const size = log.sizeBytes
      await data.crash((directory) => change(file(directory, LOG), size, tail))
      const { log: recovered, report } = await data.load()
      expect(recovered.logEndOffset).toBe(15)
      expect(recovered.sizeBytes).toBe(size)
      expect(report.truncatedBytes).toBe(tail.length)
      expect((await readFile(file(data.directory, LOG))).length).toBe(size)
    })
  }

  test('a bad batch above the recovery point ends the log: what follows goes, later segments too', async () => {
    const { log } = await written(12, 500)
    const segments = (await readdir(log.directory)).filter((name) => name.endsWith('.log')).sort()
    expect(segments.length).toBeGreaterThan(3)
    const size = log.sizeBytes
    await data.crash((directory) => flip(file(directory, segments[1]!), 100))
    const { log: recovered, report } = await data.load({ segmentBytes: 500 })
    const end = Number.parseInt(segments[1]!, 10)
    expect(recovered.logEndOffset).toBe(end)
    expect(report.removedSegments).toBe(segments.length - 2)
    expect(report.truncatedBytes).toBe(size - recovered.sizeBytes)
    expect(report.quarantined).toEqual([])
    expect(await consume(recovered)).toEqual(range(0, end))
    expect(write(data.disk, recovered, recordsOf(5))).toBe(end)
    await settled(recovered)
    await data.crash()
    expect((await data.load({ segmentBytes: 500 })).log.logEndOffset).toBe(end + 5)
  })

  test('a segment that lost its tail at a batch boundary ends the log as well', async () => {
    const { log } = await written(12, 500)
    const names = (await readdir(log.directory)).filter((name) => name.endsWith('.log')).sort()
    const second = Number.parseInt(names[1]!, 10)
    const batchBytes = log.sizeBytes / 12
    await data.crash((directory) => truncate(file(directory, names[1]!), batchBytes))
    const { log: recovered } = await data.load({ segmentBytes: 500 })
    expect(recovered.logEndOffset).toBe(second + 5)
    expect(await consume(recovered)).toEqual(range(0, second + 5))
  })
})

describe('damage below the recovery point', () => {
  /** Six batches that are durable as the checkpoint says, and two that are not. */
  async function checkpointed(segmentBytes?: number): Promise<{ batchBytes: number }> {
    const { log } = await written(6, segmentBytes)
    await log.sync()
    await data.manager.checkpoint()
    for (let batch = 0; batch < 2; batch++) write(data.disk, log, recordsOf(5))
    await settled(log)
    return { batchBytes: log.sizeBytes / 8 }
  }

  for (const [name, at] of [
    ['in the records of a batch', 70],
    ['in the length of a batch', 9],
    ['in the offset of a batch', 5],
  ] as const) {
    test(`${name} costs that batch only`, async () => {
      const { batchBytes } = await checkpointed()
      await data.crash((directory) => flip(file(directory, LOG), 2 * batchBytes + at))
      const { log, report } = await data.load()
      expect(report.quarantined).toEqual([{ from: 10, to: 15 }])
      expect(report.truncatedBytes).toBe(0)
      expect(log.logEndOffset).toBe(40)
      await expectOnlyDamaged(log)
    })
  }

  /** Offsets 10 to 14 answer corrupt, everything else is served, now and after a clean restart. */
  async function expectOnlyDamaged(recovered: PartitionLog): Promise<void> {
    let log = recovered
    for (let restarts = 0; ; restarts++) {
      expect(await consume(log)).toEqual(range(0, 10))
      for (const offset of range(10, 15)) expect((await fetch(log, offset)).status).toBe(ReadStatus.corrupt)
      expect(await consume(log, 15)).toEqual(range(15, log.logEndOffset))
      for (const offset of range(15, 20)) {
        expect(decode((await fetch(log, offset, { maxBytes: 1 })).bytes)[0]!.offset).toBe(15)
      }
      if (restarts === 2) return
      expect(write(data.disk, log, recordsOf(5))).toBe(40 + 5 * restarts)
      await settled(log)
      await data.restart()
      log = (await data.load()).log
    }
  }

  test('that reaches the recovery point keeps its bytes, and the log goes on behind it', async () => {
    const { batchBytes } = await checkpointed()
    await data.crash((directory) => change(file(directory, LOG), 4 * batchBytes, Buffer.alloc(4 * batchBytes, 0xee)))
    const { log, report } = await data.load()
    expect(report.quarantined).toEqual([{ from: 20, to: 30 }])
    expect(log.logEndOffset).toBe(30)
    expect((await fetch(log, 25)).status).toBe(ReadStatus.corrupt)
    expect(await consume(log)).toEqual(range(0, 20))
    expect(write(data.disk, log, recordsOf(5))).toBe(30)
    await settled(log)
    expect(await consume(log, 30)).toEqual(range(30, 35))
    await data.restart()
    const again = (await data.load()).log
    expect((await fetch(again, 25)).status).toBe(ReadStatus.corrupt)
    expect(await consume(again, 30)).toEqual(range(30, 35))
  })

  test('above it: the bad batch and what follows go', async () => {
    const { batchBytes } = await checkpointed()
    await data.crash((directory) => flip(file(directory, LOG), 6 * batchBytes + 70))
    const { log, report } = await data.load()
    expect(log.logEndOffset).toBe(30)
    expect(report).toMatchObject({ truncatedBytes: 2 * batchBytes, quarantined: [] })
  })
})

describe('an offset in a header, which no checksum covers', () => {
  test('is not believed at the end of a log that was closed', async () => {
    const { log } = await written(4)
    const batchBytes = log.sizeBytes / 4
    await data.stop()
    await flip(file(data.directory, LOG), 3 * batchBytes + 1)
    await data.start()
    const { log: reopened, report } = await data.load()
    expect(report).toMatchObject({ truncatedBytes: 0, quarantined: [{ from: 15, to: 20 }] })
    expect(reopened.logEndOffset).toBe(20)
    expect(write(data.disk, reopened, recordsOf(5))).toBe(20)
    await settled(reopened)
    expect((await fetch(reopened, 17)).status).toBe(ReadStatus.corrupt)
    expect(await consume(reopened, 20)).toEqual(range(20, 25))
  })

  for (const [name, position] of [
    ['ahead', 5],
    ['back', 7],
  ] as const) {
    test(`is not served when it leads ${name}`, async () => {
      const { log } = await written(8, 600)
      const names = (await readdir(log.directory)).filter((entry) => entry.endsWith('.log')).sort()
      const base = Number.parseInt(names[1]!, 10)
      await data.stop()
      const bytes = await readFile(file(data.directory, names[1]!))
      await change(file(data.directory, names[1]!), position, Buffer.from([bytes[position]! ^ (base & 4 ? 4 : 16)]))
      await data.start()
      const { log: reopened } = await data.load({ segmentBytes: 600 })
      expect((await fetch(reopened, base, { maxBytes: 1 })).status).toBe(ReadStatus.corrupt)
      expect(await consume(reopened)).toEqual(range(0, base))
      expect(await consume(reopened, base + 5)).toEqual(range(base + 5, 40))
    })
  }
})

describe('indexes', () => {
  const config = { segmentBytes: 3_000, indexIntervalBytes: 100 }

  async function manySegments(): Promise<LoadedLog> {
    data = await DataDirectory.open()
    const loaded = await data.load(config)
    for (let batch = 0; batch < 40; batch++)
      write(data.disk, loaded.log, recordsOf(5, { timestamp: 1_000 + 10 * batch }))
    await settled(loaded.log)
    await data.stop()
    return loaded
  }

  for (const suffix of ['.index', '.timeindex']) {
    for (const [name, damage] of [
      ['missing', (filePath: string) => unlink(filePath)],
      ['empty', (filePath: string) => truncate(filePath, 0)],
      ['not whole', async (filePath: string) => truncate(filePath, (await readFile(filePath)).length - 3)],
      ['garbage', async (filePath: string) => writeFile(filePath, (await readFile(filePath)).fill(0xa5))],
      ['too long', async (filePath: string) => writeFile(filePath, Buffer.alloc(4_800, 0x7f))],
    ] as const) {
      for (const stop of ['clean', 'unclean'] as const) {
        test(`a ${suffix} file that is ${name} is made again after a ${stop} stop`, async () => {
          const { log } = await manySegments()
          const before = await indexFiles(log.directory)
          for (const filePath of before.keys()) if (filePath.endsWith(suffix)) await damage(filePath)
          if (stop === 'unclean') await unlink(path.join(data.directory, '.kafka_cleanshutdown'))
          await data.start()
          const { log: opened } = await data.load(config)
          expect(await consume(opened)).toEqual(range(0, 200))
          for (const offset of range(0, 200)) {
            const { status, bytes } = await fetch(opened, offset, { maxBytes: 1 })
            expect(status).toBe(ReadStatus.ok)
            expect(decode(bytes)[0]!.offset).toBe(offset - (offset % 5))
          }
          expect(await opened.offsetForTimestamp(1_100, 200)).toMatchObject({ timestamp: 1_100, offset: 50 })
          expect(write(data.disk, opened, recordsOf(5, { timestamp: 9_000 }))).toBe(200)
          await settled(opened)
          expect((await opened.offsetOfMaxTimestamp(205))?.offset).toBe(204)
        })
      }
    }
  }

  async function indexFiles(directory: string): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>()
    for (const name of await readdir(directory)) {
      if (/index$/.test(name)) found.set(path.join(directory, name), await readFile(path.join(directory, name)))
    }
    return found
  }
})
