import { readdir, readFile, truncate, unlink } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { PartitionLog } from '../../src/log/index.ts'
import { ControlType, encodeTransactionMarker } from '../../src/records/index.ts'
import { ALWAYS } from '../commit/fakes.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { append, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

let data: DataDirectory
afterEach(() => data.remove())

const sequences = new Map<number, number>()

function produce(log: PartitionLog, producerId: number, records = 2): number {
  const baseSequence = sequences.get(producerId) ?? 0
  sequences.set(producerId, baseSequence + records)
  return write(data.disk, log, recordsOf(records), {
    producerId,
    producerEpoch: 0,
    baseSequence,
    isTransactional: true,
  })
}

function end(log: PartitionLog, producerId: number, committed: boolean): number {
  const marker = encodeTransactionMarker({
    type: committed ? ControlType.commit : ControlType.abort,
    coordinatorEpoch: 2,
    timestampMs: 5_000,
    fields: { producerId, producerEpoch: 0 },
  })
  const offset = append(data.disk, log, marker)
  log.flush()
  return offset
}

/** 0-1 by 7, 2-3 by 8, 4 aborts 7, 5-6 by 9, 7 commits 8, 8 aborts 9, 9-10 by 7 and open. */
async function interleaved(config = {}): Promise<PartitionLog> {
  sequences.clear()
  data = await DataDirectory.open()
  const { log } = await data.load(config)
  produce(log, 7)
  produce(log, 8)
  end(log, 7, false)
  produce(log, 9)
  end(log, 8, true)
  end(log, 9, false)
  produce(log, 7)
  await settled(log)
  return log
}

const ABORTED = [
  { producerId: 7, firstOffset: 0 },
  { producerId: 9, firstOffset: 5 },
]

function expectInterleaved(log: PartitionLog): void {
  expect([log.highWatermark, log.lastStableOffset]).toEqual([11, 9])
  expect(log.abortedTransactions(0, 11)).toMatchObject(ABORTED)
  expect(log.abortedTransactions(5, 11)).toMatchObject(ABORTED.slice(1))
  expect(log.abortedTransactions(0, 5)).toMatchObject(ABORTED.slice(0, 1))
  expect(log.abortedTransactions(9, 11)).toEqual([])
  expect(log.producers().find((producer) => producer.producerId === 8)).toMatchObject({ coordinatorEpoch: 2 })
}

test('the last stable offset is where the earliest open transaction began', async () => {
  sequences.clear()
  data = await DataDirectory.open()
  const { log } = await data.load()
  const stable: number[] = []
  for (const step of [
    () => produce(log, 7),
    () => produce(log, 8),
    () => end(log, 7, true),
    () => produce(log, 7),
    () => end(log, 8, false),
    () => end(log, 7, false),
  ]) {
    step()
    await settled(log)
    stable.push(log.lastStableOffset)
  }
  expect(stable).toEqual([0, 0, 2, 2, 5, 9])
})

describe('aborted transactions are known', () => {
  for (const segmentBytes of [1_000_000, 200]) {
    for (const stop of ['none', 'clean', 'crash'] as const) {
      test(`with segments of ${segmentBytes} bytes, restart: ${stop}`, async () => {
        const log = await interleaved({ segmentBytes })
        if (stop === 'none') return expectInterleaved(log)
        if (stop === 'clean') await data.restart()
        else await data.crash()
        expectInterleaved((await data.load({ segmentBytes })).log)
      })
    }
  }

  for (const [name, damage] of [
    ['missing', (file: string) => unlink(file)],
    ['torn', (file: string) => truncate(file, 20)],
  ] as const) {
    test(`after a crash with .txnindex files ${name}`, async () => {
      const log = await interleaved({ segmentBytes: 200 })
      await log.sync()
      await data.crash(async (directory) => {
        const names = await readdir(path.join(directory, 'orders-0'))
        const indexes = names.filter((file) => file.endsWith('.txnindex'))
        expect(indexes.length).toBeGreaterThan(0)
        for (const file of indexes) await damage(path.join(directory, 'orders-0', file))
        for (const file of names.filter((other) => other.endsWith('.snapshot'))) {
          await unlink(path.join(directory, 'orders-0', file))
        }
      })
      expectInterleaved((await data.load({ segmentBytes: 200 })).log)
    })
  }
})

test('the index file holds what Kafka’s does', async () => {
  const log = await interleaved()
  await data.stop()
  const bytes = await readFile(path.join(log.directory, '00000000000000000000.txnindex'))
  const rows: number[][] = []
  for (let at = 0; at < bytes.length; at += 34) {
    rows.push([bytes.readInt16BE(at), ...[2, 10, 18, 26].map((field) => Number(bytes.readBigInt64BE(at + field)))])
  }
  // Version, producer, first offset, marker, last stable offset: 8 was open when 7 aborted, nobody when 9 did.
  expect(rows).toEqual([
    [0, 7, 0, 4, 2],
    [0, 9, 5, 8, 9],
  ])
})

test('DeleteRecords forgets transactions below the log start', async () => {
  const log = await interleaved()
  await log.deleteRecordsBefore(5)
  expect(log.abortedTransactions(0, 11)).toMatchObject(ABORTED.slice(1))
})

test('a marker that could not be written leaves the transaction open', async () => {
  sequences.clear()
  let disk: FaultDisk | undefined
  data = await DataDirectory.open({
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
  const { log } = await data.load()
  produce(log, 7)
  disk!.inject({ operation: 'writeRowsSync', path: /\.log$/, code: 'ENOSPC' })
  end(log, 7, false)
  await settled(log)
  expect([log.logEndOffset, log.lastStableOffset]).toEqual([2, 0])
  expect(log.abortedTransactions(0, 9)).toEqual([])
  expect(end(log, 7, false)).toBe(2)
  await settled(log)
  expect([log.logEndOffset, log.lastStableOffset]).toEqual([3, 3])
  expect(log.abortedTransactions(0, 9)).toMatchObject([{ producerId: 7, firstOffset: 0 }])
})

test('under always records are not decided before the marker is durable', async () => {
  sequences.clear()
  let disk: FaultDisk | undefined
  data = await DataDirectory.open({
    policy: ALWAYS,
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
  const { log } = await data.load()
  produce(log, 7)
  await settled(log)
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  disk!.inject({ operation: 'sync', path: /\.log$/, until: held })
  end(log, 7, true)
  for (let turn = 0; turn < 100; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  expect([log.writtenEnd, log.highWatermark, log.lastStableOffset]).toEqual([3, 2, 0])
  release()
  await settled(log)
  expect(log.lastStableOffset).toBe(3)
})
