import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/base/logger.ts'
import { LogErrorCode, LogManager } from '../../src/log/index.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { consume, decode, fetch, range, recordsOf, write } from './support/batches.ts'
import { DataDirectory, TOPIC_ID } from './support/log-fixture.ts'

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

/** A second manager on the same or a changed directory; closed at once when it opens. */
function open(fields: { nodeId?: number; clusterId?: string } = {}): Promise<void> {
  const { clock, committer, directory } = data!
  return LogManager.open({
    directory,
    disk: data!.disk,
    clock,
    logger: silentLogger,
    committer,
    nodeId: 1,
    filesMax: 10,
    checkpointPeriodMs: 1_000,
    retentionPeriodMs: 1_000,
    onFailed: () => {},
    ...fields,
  }).then((manager) => manager.close())
}

describe('a data directory is refused', () => {
  test('while another process holds it, and that one goes on', async () => {
    data = await DataDirectory.open()
    await expect(open()).rejects.toMatchObject({ code: LogErrorCode.locked, path: data.directory })
    const { log } = await data.load()
    expect(write(data.disk, log, recordsOf(1))).toBe(0)
  })

  test('when it is none: a directory with something else in it', async () => {
    data = await DataDirectory.open()
    await data.stop()
    await unlink(path.join(data.directory, 'meta.properties'))
    await writeFile(path.join(data.directory, 'thesis.doc'), 'precious')
    await expect(open()).rejects.toMatchObject({ code: LogErrorCode.foreign })
    await expect(open()).rejects.toThrow('no meta.properties')
    expect(await readFile(path.join(data.directory, 'thesis.doc'), 'utf8')).toBe('precious')
  })

  test('when it belongs to another node or cluster, or is from the future, or is damaged', async () => {
    data = await DataDirectory.open()
    await data.stop()
    await expect(open({ nodeId: 2 })).rejects.toThrow('node.id=1')
    await expect(open({ clusterId: 'another' })).rejects.toMatchObject({ code: LogErrorCode.foreign })
    await open({ clusterId: data.manager.identity.clusterId })
    const properties = path.join(data.directory, 'meta.properties')
    await writeFile(properties, 'version=2\ncluster.id=x\nnode.id=1\n')
    await expect(open()).rejects.toMatchObject({ code: LogErrorCode.newer })
    await writeFile(properties, 'version=1\nnode.id=1\n')
    await expect(open()).rejects.toMatchObject({ code: LogErrorCode.damaged })
  })

  test('but not when it is Kafka’s of old', async () => {
    data = await DataDirectory.open()
    await data.stop()
    await writeFile(
      path.join(data.directory, 'meta.properties'),
      '#\n#Mon Nov 23 11:00:00 UTC 2026\nbroker.id=1\nversion=0\ncluster.id=abc\n',
    )
    await data.start()
    expect(data.manager.identity.clusterId).toBe('abc')
  })
})

describe('the mark of a clean stop', () => {
  const mark = (directory: string) => readFile(path.join(directory, '.kafka_cleanshutdown'), 'utf8')

  test('is there after a stop and gone, durably, before anything is written', async () => {
    let disk: FaultDisk | undefined
    data = await DataDirectory.open({
      wrapDisk: (inner) => {
        disk = new FaultDisk(inner)
        return disk
      },
    })
    await data.stop()
    expect(JSON.parse(await mark(data.directory))).toEqual({ version: 0, brokerEpoch: -1 })
    await data.start()
    await expect(mark(data.directory)).rejects.toThrow('ENOENT')
    const done = disk!.calls.map(({ operation, path: at }) => `${operation} ${path.basename(at)}`)
    expect(done.indexOf('syncDirectory data')).toBe(done.indexOf('unlink .kafka_cleanshutdown') + 1)
  })

  test('is the last thing that a stop writes', async () => {
    let disk: FaultDisk | undefined
    data = await DataDirectory.open({
      wrapDisk: (inner) => {
        disk = new FaultDisk(inner)
        return disk
      },
    })
    write(data.disk, (await data.load()).log, recordsOf(9))
    await data.stop()
    const changes = disk!.calls.filter(({ operation }) => /^(write|rename|unlink|truncate|mkdir)/.test(operation))
    expect(path.basename(changes.at(-1)!.path)).toBe('.kafka_cleanshutdown.tmp')
  })

  test('is not set when a checkpoint cannot be written', async () => {
    let disk: FaultDisk | undefined
    data = await DataDirectory.open({
      wrapDisk: (inner) => {
        disk = new FaultDisk(inner)
        return disk
      },
    })
    write(data.disk, (await data.load()).log, recordsOf(9))
    disk!.inject({ operation: 'write', path: /recovery-point/, code: 'ENOSPC', times: 99 })
    await expect(data.stop()).rejects.toThrow('ENOSPC')
    await expect(mark(data.directory)).rejects.toThrow('ENOENT')
    // The lock is free again all the same.
    await data.start()
    expect((await data.load()).log.logEndOffset).toBe(9)
  })
})

test('no recovery point lies above what is durable', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  write(data.disk, log, recordsOf(5))
  await log.sync()
  write(data.disk, log, recordsOf(5))
  await data.manager.checkpoint()
  const point = await readFile(path.join(data.directory, 'recovery-point-offset-checkpoint'), 'utf8')
  expect(point).toBe('0\n1\norders 0 5\n')
  const mark = await readFile(path.join(data.directory, 'replication-offset-checkpoint'), 'utf8')
  expect(mark).toBe('0\n1\norders 0 10\n')
})

describe('a deleted topic', () => {
  test('is gone at once and its files after the delay, a new one of its name is empty', async () => {
    data = await DataDirectory.open()
    const { log } = await data.load()
    write(data.disk, log, recordsOf(7))
    await log.deleteRecordsBefore(3)
    await log.delete(60_000)
    const deleted = (await readdir(data.directory)).filter((name) => name.startsWith('orders-0'))
    expect(deleted).toEqual([expect.stringMatching(/^orders-0\.[0-9a-f]{32}-delete$/)])
    const again = (await data.load()).log
    expect([again.logStartOffset, again.logEndOffset]).toEqual([0, 0])
    expect(write(data.disk, again, recordsOf(2))).toBe(0)
    data.clock.advance(60_000)
    while ((await readdir(data.directory)).includes(deleted[0]!)) {
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    await data.restart()
    expect((await data.load()).log.logEndOffset).toBe(2)
  })

  test('that a crash left behind goes at the next start', async () => {
    data = await DataDirectory.open()
    const { log } = await data.load()
    write(data.disk, log, recordsOf(7))
    await log.delete(60_000)
    await data.crash()
    expect(data.manager.findPartitions()).toEqual([])
    await data.stop()
    expect((await readdir(data.directory)).filter((name) => name.endsWith('-delete'))).toEqual([])
    await data.start()
  })

  test('takes no appends, and fails nobody who reads it', async () => {
    data = await DataDirectory.open()
    const { log, observer } = await data.load()
    write(data.disk, log, recordsOf(7))
    const deleting = log.delete(0)
    expect(write(data.disk, log, recordsOf(1))).toBe(-1)
    await deleting
    expect(observer.failures).toEqual([])
    expect(data.failures).toEqual([])
  })

  test('whose directory came back after a crash is set aside when the name is another topic’s now', async () => {
    data = await DataDirectory.open()
    const { log } = await data.load()
    write(data.disk, log, recordsOf(7))
    await data.crash(async (directory) => {
      await writeFile(
        path.join(directory, 'orders-0', 'partition.metadata'),
        'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABQ',
      )
    })
    expect((await data.load()).log.logEndOffset).toBe(0)
    expect(await readdir(data.directory)).toContainEqual(expect.stringMatching(/^orders-0\.[0-9a-f]{32}-stray$/))
  })
})

test('partitions are found by their names', async () => {
  data = await DataDirectory.open()
  for (const [topic, partition] of [
    ['orders', 0],
    ['orders', 12],
    ['a-b-1', 3],
  ] as const) {
    await data.load({}, topic, partition)
  }
  await data.stop()
  await mkdir(path.join(data.directory, 'lost+found'))
  await data.start()
  const found = data.manager.findPartitions().sort((left, right) => left.name.localeCompare(right.name))
  expect(found).toEqual([
    { name: 'a-b-1-3', topic: 'a-b-1', partition: 3 },
    { name: 'orders-0', topic: 'orders', partition: 0 },
    { name: 'orders-12', topic: 'orders', partition: 12 },
  ])
  expect(await data.manager.topicIdOf('orders-12')).toBe(TOPIC_ID)
})

test('a log with nothing in it leaves almost nothing on disk', async () => {
  data = await DataDirectory.open()
  const { log } = await data.load()
  await data.stop()
  expect((await readdir(log.directory)).sort()).toEqual(['00000000000000000000.log', 'partition.metadata'])
  await data.start()
  const again = (await data.load()).log
  expect(write(data.disk, again, recordsOf(1))).toBe(0)
})
