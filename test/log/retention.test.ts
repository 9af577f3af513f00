import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { LogConfig } from '../../src/log/index.ts'
import { ReadStatus } from '../../src/log/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { consume, fetch, range, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory, type LoadedLog, PLAIN_CONFIG } from './support/log-fixture.ts'

let data: DataDirectory
let disk: FaultDisk
afterEach(() => data.remove())

const BATCH_BYTES = encodeBatch(recordsOf(5)).length

/** One batch of five records a segment, the first at 1000 ms, each 100 ms after the one before. */
async function segments(count: number, config: Partial<LogConfig> = {}): Promise<LoadedLog> {
  data = await DataDirectory.open({
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
  const loaded = await data.load({ segmentBytes: BATCH_BYTES, ...config })
  for (let batch = 0; batch < count; batch++) {
    write(data.disk, loaded.log, recordsOf(5, { timestamp: 1_000 + 100 * batch }))
    await settled(loaded.log)
  }
  return loaded
}

async function names(directory: string, suffix: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(suffix)).sort()
}

/** The removals that run on their own have finished. */
async function removed(directory: string): Promise<void> {
  while ((await names(directory, '.deleted')).length > 0) await new Promise<void>((resolve) => setImmediate(resolve))
}

function checkpoint(name: string): Promise<string> {
  return readFile(path.join(data.directory, name), 'utf8')
}

describe('retention', () => {
  test('by time removes segments whose newest record is too old', async () => {
    const { log, observer } = await segments(10, { retentionMs: 500 })
    // The newest record of segment n is at 1004 + 100 n.
    expect(await log.applyRetention(1_504)).toBe(0)
    expect(await log.applyRetention(1_505)).toBe(BATCH_BYTES)
    expect([log.logStartOffset, observer.logStarts]).toEqual([5, [5]])
    expect(await log.applyRetention(1_805)).toBe(3 * BATCH_BYTES)
    expect(await consume(log)).toEqual(range(20, 50))
    expect((await fetch(log, 19)).status).toBe(ReadStatus.outOfRange)
  })

  test('by time removes everything, and the log goes on at its end', async () => {
    const { log } = await segments(4, { retentionMs: 500 })
    expect(await log.applyRetention(100_000)).toBe(4 * BATCH_BYTES)
    expect([log.logStartOffset, log.logEndOffset, log.sizeBytes]).toEqual([20, 20, 0])
    expect(write(data.disk, log, recordsOf(5))).toBe(20)
    await settled(log)
    await data.restart()
    const { log: reopened } = await data.load()
    expect([reopened.logStartOffset, reopened.logEndOffset]).toEqual([20, 25])
  })

  test('by size keeps at least retention.bytes', async () => {
    const { log } = await segments(10, { retentionBytes: 4 * BATCH_BYTES - 1 })
    expect(await log.applyRetention(0)).toBe(6 * BATCH_BYTES)
    expect(await consume(log)).toEqual(range(30, 50))
  })

  test('does nothing where cleanup.policy is not delete', async () => {
    const { log } = await segments(4, { retentionMs: 1, retentionBytes: 1, cleanupDelete: false, cleanupCompact: true })
    expect(await log.applyRetention(1_000_000)).toBe(0)
    expect(log.logStartOffset).toBe(0)
  })

  test('rolls an active segment that is older than segment.ms', async () => {
    const { log } = await segments(1, { segmentMs: 1_000 })
    await log.applyRetention(2_004)
    expect(await names(log.directory, '.log')).toHaveLength(1)
    await log.applyRetention(2_005)
    expect(await names(log.directory, '.log')).toEqual(['00000000000000000000.log', '00000000000000000005.log'])
    await log.applyRetention(9_000)
    expect(await names(log.directory, '.log')).toHaveLength(2)
  })

  test('new values of the configuration count at once', async () => {
    const { log } = await segments(3)
    expect(await log.applyRetention(1_000_000)).toBe(0)
    log.setConfig({ ...PLAIN_CONFIG, retentionMs: 10 })
    expect(await log.applyRetention(1_000_000)).toBe(3 * BATCH_BYTES)
  })

  test('the files go after file.delete.delay.ms, under another name until then', async () => {
    const { log } = await segments(3, { retentionMs: 1, fileDeleteDelayMs: 60_000 })
    await log.applyRetention(1_050)
    expect(await names(log.directory, '.deleted')).toContain('00000000000000000000.log.deleted')
    expect(await names(log.directory, '.log')).not.toContain('00000000000000000000.log')
    data.clock.advance(59_999)
    expect(await names(log.directory, '.deleted')).not.toEqual([])
    data.clock.advance(1)
    await removed(log.directory)
  })

  test('a crash in between leaves nothing behind', async () => {
    const { log } = await segments(3, { retentionMs: 1, fileDeleteDelayMs: 60_000 })
    await log.applyRetention(1_050)
    await data.crash()
    const { log: recovered } = await data.load({ segmentBytes: BATCH_BYTES })
    expect(await names(recovered.directory, '.deleted')).toEqual([])
    expect(await consume(recovered)).toEqual(range(recovered.logStartOffset, 15))
    expect(recovered.logStartOffset).toBe(5)
  })
})

describe('deleting records', () => {
  test('moves the log start to any offset, durably before a file is touched', async () => {
    const { log, observer } = await segments(4)
    disk.calls.length = 0
    expect(await log.deleteRecordsBefore(12)).toBe(12)
    await removed(log.directory)
    expect(observer.logStarts).toEqual([12])
    expect(await checkpoint('log-start-offset-checkpoint')).toBe('0\n1\norders 0 12\n')
    const done = disk.calls.map(({ operation, path: at }) => `${operation} ${path.basename(at)}`)
    const durable = done.indexOf('rename log-start-offset-checkpoint.tmp')
    const synced = done.indexOf('syncDirectory data', durable)
    const first = done.findIndex((call) => /^(rename|unlink) 0+\.log/.test(call))
    expect(durable).toBeGreaterThan(-1)
    expect(synced).toBeGreaterThan(durable)
    expect(first).toBeGreaterThan(synced)
    expect(await names(log.directory, '.log')).toEqual(['00000000000000000010.log', '00000000000000000015.log'])
  })

  test('the rest of a batch that is cut in two is still served whole, below the start nothing is', async () => {
    const { log } = await segments(4)
    await log.deleteRecordsBefore(12)
    expect((await fetch(log, 11)).status).toBe(ReadStatus.outOfRange)
    expect(await consume(log)).toEqual(range(12, 20))
    for (const stop of ['clean', 'crash']) {
      if (stop === 'clean') await data.restart()
      else await data.crash()
      const again = (await data.load({ segmentBytes: BATCH_BYTES })).log
      expect([again.logStartOffset, again.logEndOffset]).toEqual([12, 20])
      expect((await fetch(again, 11)).status).toBe(ReadStatus.outOfRange)
    }
  })

  test('never goes back, and never beyond the high watermark', async () => {
    const { log } = await segments(4)
    await log.deleteRecordsBefore(12)
    expect(await log.deleteRecordsBefore(7)).toBe(12)
    expect(await log.deleteRecordsBefore(99)).toBe(20)
    expect([log.logStartOffset, log.logEndOffset]).toEqual([20, 20])
    expect(write(data.disk, log, recordsOf(5))).toBe(20)
  })

  test('many at once are all durable when each returns', async () => {
    await segments(4)
    const logs = [data, data, data].map((_, partition) => data.load({}, 'more', partition))
    for (const loaded of await Promise.all(logs)) {
      write(data.disk, loaded.log, recordsOf(9))
      await settled(loaded.log)
    }
    const opened = (await Promise.all(logs)).map((loaded) => loaded.log)
    await Promise.all(
      opened.map(async (log, partition) => {
        await log.deleteRecordsBefore(partition + 1)
        expect(await checkpoint('log-start-offset-checkpoint')).toContain(`more ${partition} ${partition + 1}\n`)
      }),
    )
  })

  test('a checkpoint that cannot be written is an error, and no file goes', async () => {
    const { log } = await segments(4)
    disk.inject({ operation: 'sync', path: /log-start-offset-checkpoint/, code: 'EIO' })
    await expect(log.deleteRecordsBefore(12)).rejects.toThrow('EIO')
    expect(await names(log.directory, '.log')).toHaveLength(4)
  })
})
