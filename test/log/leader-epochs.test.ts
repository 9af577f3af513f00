import { readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { PartitionLog } from '../../src/log/index.ts'
import { batchHeader } from '../../src/records/index.ts'
import { ALWAYS } from '../commit/fakes.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { fetch, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

let data: DataDirectory
afterEach(() => data.remove())

/** Epoch 1 from 0, epoch 3 from 10, epoch 7 from 15; ends at 20. */
async function threeEpochs(): Promise<PartitionLog> {
  data = await DataDirectory.open()
  const { log } = await data.load()
  for (const [epoch, batches] of [
    [1, 2],
    [3, 1],
    [7, 1],
  ] as const) {
    await log.becomeLeader(epoch)
    for (let batch = 0; batch < batches; batch++) write(data.disk, log, recordsOf(5))
  }
  await settled(log)
  await log.sync()
  return log
}

function checkpoint(log: PartitionLog): Promise<string> {
  return readFile(path.join(log.directory, 'leader-epoch-checkpoint'), 'utf8')
}

test('batches carry the epoch that they were appended in, and the checkpoint tells where each began', async () => {
  const log = await threeEpochs()
  const epochs: number[] = []
  for (const offset of [0, 5, 10, 15]) {
    epochs.push(batchHeader.partitionLeaderEpoch((await fetch(log, offset, { maxBytes: 1 })).bytes, 0))
  }
  expect(epochs).toEqual([1, 1, 3, 7])
  expect(log.latestEpoch).toBe(7)
  expect(await checkpoint(log)).toBe('0\n3\n1 0\n3 10\n7 15\n')
  expect([0, 9, 10, 14, 15, 19, 20].map((offset) => log.epochForOffset(offset))).toEqual([1, 1, 3, 3, 7, 7, 7])
})

test('the end of an epoch is where the next one begins', async () => {
  const log = await threeEpochs()
  const ends = [-1, 0, 1, 2, 3, 4, 6, 7, 8].map((epoch) => {
    const { epoch: found, endOffset } = log.endOffsetForEpoch(epoch)
    return [epoch, found, endOffset]
  })
  // As Apache Kafka 4.3.1 answers: below the first known epoch its start, above the latest nothing.
  expect(ends).toEqual([
    [-1, -1, -1],
    [0, 0, 0],
    [1, 1, 10],
    [2, 1, 10],
    [3, 3, 15],
    [4, 3, 15],
    [6, 3, 15],
    [7, 7, 20],
    [8, -1, -1],
  ])
})

test('epochs survive restarts, and a torn tail takes its own with it', async () => {
  const log = await threeEpochs()
  const batchBytes = log.sizeBytes / 4
  await data.restart()
  expect((await data.load()).log.endOffsetForEpoch(3)).toEqual({ epoch: 3, endOffset: 15 })
  await data.crash(async (directory) => {
    await truncate(path.join(directory, 'orders-0', '00000000000000000000.log'), 3 * batchBytes + 20)
    // As if nothing had ever been synced.
    await writeFile(path.join(directory, 'recovery-point-offset-checkpoint'), '0\n0\n')
  })
  const { log: recovered } = await data.load()
  expect(recovered.logEndOffset).toBe(15)
  expect(recovered.latestEpoch).toBe(3)
  expect(await checkpoint(recovered)).toBe('0\n2\n1 0\n3 10\n')
  await recovered.becomeLeader(8)
  write(data.disk, recovered, recordsOf(1))
  expect(recovered.endOffsetForEpoch(8)).toEqual({ epoch: 8, endOffset: 16 })
})

test('epochs below the log start are forgotten, the one that covers it begins there', async () => {
  const log = await threeEpochs()
  expect(await log.deleteRecordsBefore(12)).toBe(12)
  expect(await checkpoint(log)).toBe('0\n2\n3 12\n7 15\n')
  expect(log.endOffsetForEpoch(1)).toEqual({ epoch: 1, endOffset: 12 })
  expect(log.epochForOffset(11)).toBe(-1)
})

test('under always an epoch is in the checkpoint before its first batch is acknowledged', async () => {
  let disk: FaultDisk | undefined
  data = await DataDirectory.open({
    policy: ALWAYS,
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
  const { log } = await data.load()
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  disk!.inject({ operation: 'rename', path: /leader-epoch-checkpoint/, until: held })
  write(data.disk, log, recordsOf(5))
  for (let turn = 0; turn < 200; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  expect([log.writtenEnd, log.highWatermark]).toEqual([5, 0])
  release()
  await settled(log)
  expect(await checkpoint(log)).toBe('0\n1\n0 0\n')
})
