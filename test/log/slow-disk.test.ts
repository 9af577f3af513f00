import { afterEach, expect, test } from 'vitest'
import { ReadStatus } from '../../src/log/index.ts'
import type { Disk, DiskFile, Residency } from '../../src/native/disk.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { append, consume, decode, fetch, range, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

let data: DataDirectory
afterEach(() => data.remove())

/** A disk under a test's control: a write may take its time on the test's clock, and pages are where the test says. */
class SlowDisk extends FaultDisk {
  /** How long each inline write takes. */
  inlineWriteMs = 0
  /** Ranges are in the page cache once they were read ahead. */
  isCold = false
  readonly readAheads: { position: number; byteLength: number }[] = []
  readonly threadedWrites: string[] = []

  override async open(path: string, flags: Parameters<Disk['open']>[1]): Promise<DiskFile> {
    const file = await super.open(path, flags)
    const { writeRowsSync, writeRows, readAhead } = file
    file.writeRowsSync = (position, rows, rowCount) => {
      data.clock.advance(this.inlineWriteMs)
      return writeRowsSync.call(file, position, rows, rowCount)
    }
    file.writeRows = (position, rows, rowCount) => {
      this.threadedWrites.push(path)
      return writeRows.call(file, position, rows, rowCount)
    }
    file.readAhead = async (position, byteLength) => {
      this.readAheads.push({ position, byteLength })
      await readAhead.call(file, position, byteLength)
    }
    file.residencySync = (position, byteLength) => this.#residency(position, byteLength)
    return file
  }

  #residency(_position: number, byteLength: number): Residency {
    const pages = Math.ceil(byteLength / 4096)
    const cached = this.isCold ? 0 : pages
    return { pageBytes: 4096, pages, cached, dirty: 0, writeback: 0, recentlyEvicted: 0 }
  }
}

async function begin(): Promise<SlowDisk> {
  let slow: SlowDisk | undefined
  data = await DataDirectory.open({
    wrapDisk: (inner) => {
      slow = new SlowDisk(inner)
      return slow
    },
  })
  return slow!
}

test('after a write that slept, writes leave the loop, and come back to it', async () => {
  const disk = await begin()
  const { log, observer } = await data.load()
  disk.inlineWriteMs = 100
  write(data.disk, log, recordsOf(2))
  expect(disk.threadedWrites).toEqual([])
  disk.inlineWriteMs = 0
  for (let batch = 0; batch < 5; batch++) write(data.disk, log, recordsOf(2))
  expect(log.highWatermark).toBe(2)
  await settled(log)
  // The first of the five went alone, the others gathered behind it.
  expect(disk.threadedWrites.length).toBe(2)
  expect(observer.highWatermarks).toEqual([2, 4, 12])
  expect(await consume(log)).toEqual(range(0, 12))
  data.clock.advance(2_000)
  write(data.disk, log, recordsOf(2))
  await settled(log)
  write(data.disk, log, recordsOf(2))
  expect(log.highWatermark).toBe(16)
})

test('a log that fails while a thread writes keeps the slabs until the thread is done', async () => {
  const disk = await begin()
  const { log, observer } = await data.load()
  disk.inlineWriteMs = 100
  write(data.disk, log, recordsOf(2))
  disk.inlineWriteMs = 0
  let finish = (): void => {}
  const until = new Promise<void>((resolve) => {
    finish = resolve
  })
  disk.inject({ operation: 'writeRows', path: /\.log$/, until })
  disk.inject({ operation: 'sync', path: /\.log$/, code: 'EIO' })
  const before = data.disk.slabs.bytesInUse
  append(data.disk, log, encodeBatch(recordsOf(2)))
  log.flush()
  // The sync covers the first batch only; its failure is the log's.
  await expect(data.committer.syncAll()).rejects.toThrow()
  expect(log.failure).toBeDefined()
  expect(observer.failures).toMatchObject([{ from: 2, fatal: true }])
  expect(data.disk.slabs.bytesInUse).toBeGreaterThan(before)
  finish()
  await data.stop()
  expect(data.disk.slabs.bytesInUse).toBe(before)
  expect(log.logEndOffset).toBe(2)
})

test('a read of pages that are not in memory waits for an I/O thread, and is believed afterwards', async () => {
  const disk = await begin()
  await data.load()
  const { log } = await data.load({}, 'old')
  for (let batch = 0; batch < 50; batch++) write(data.disk, log, recordsOf(10, { valueBytes: 500 }))
  await data.restart()
  const reopened = await data.load({}, 'old')
  const slow = data.disk
  expect(slow).toBeInstanceOf(SlowDisk)
  if (!(slow instanceof SlowDisk)) return
  expect(disk).not.toBe(slow)
  slow.isCold = true
  const { status, bytes } = await fetch(reopened.log, 100, { maxBytes: 20_000 })
  expect(status).toBe(ReadStatus.ok)
  expect(decode(bytes)[0]!.offset).toBe(100)
  expect(slow.readAheads.length).toBe(1)
  // What is appended now is in memory: nobody asks.
  write(data.disk, reopened.log, recordsOf(1))
  const target = { file: undefined, position: 0, byteLength: 0, nextOffset: 0, ready: undefined }
  const request = { fetchOffset: 500, end: 501, maxBytes: 1_000, atLeastOne: true }
  expect(reopened.log.read(request, target)).toBe(ReadStatus.ok)
  expect(slow.readAheads.length).toBe(1)
})
