import { randomBytes } from 'node:crypto'
import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { openMetadataLog } from '../../src/broker/metadata-log.ts'
import { metadataLogConfig } from '../../src/broker/metadata-log-config.ts'
import { createCommitter } from '../../src/commit/index.ts'
import { brokerConfig } from '../../src/config/index.ts'
import { LogError, LogManager } from '../../src/log/index.ts'
import {
  createTopics,
  METADATA_TOPIC,
  METADATA_TOPIC_ID,
  type MetadataEngine,
  MetadataNotStored,
  openLocalEngine,
} from '../../src/metadata/index.ts'
import { openDisk } from '../../src/native/index.ts'
import { creation, newTopic, plain } from '../metadata/builders.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Opened {
  readonly engine: MetadataEngine
  readonly disk: FaultDisk
  /** Of `__cluster_metadata-0`. */
  readonly logDirectory: string
  close(): Promise<void>
}

const opened = new Set<Opened>()
afterEach(async () => {
  for (const each of opened) await each.close()
})

async function open(directory: string, snapshotBytesMin = 1e9): Promise<Opened> {
  const disk = new FaultDisk(openDisk())
  const logs = await LogManager.open({
    directory,
    disk,
    clock: systemClock,
    logger: silentLogger,
    committer: createCommitter({ clock: systemClock }),
    nodeId: 1,
    filesMax: 100,
    checkpointPeriodMs: 60_000,
    retentionPeriodMs: 60_000,
    onFailed: () => {},
  })
  const policy = { durability: 'always', flushMs: Infinity, flushMessages: Infinity } as const
  const close = async () => {
    opened.delete(result)
    await engine?.close()
    await logs.close().catch(() => {})
    await disk.close()
  }
  let engine: MetadataEngine | undefined
  try {
    const log = await openMetadataLog({
      disk,
      clock: systemClock,
      load: (observer) =>
        logs.load({
          partition: { topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partition: 0, policy: () => policy },
          config: metadataLogConfig(brokerConfig()),
          observer,
        }),
    })
    const { clusterId } = logs.identity
    engine = await openLocalEngine({ log, clusterId, logger: silentLogger, random: randomBytes, snapshotBytesMin })
  } catch (error) {
    await logs.close()
    await disk.close()
    throw error
  }
  const result = { engine, disk, logDirectory: path.join(directory, `${METADATA_TOPIC}-0`), close }
  opened.add(result)
  return result
}

async function create(engine: MetadataEngine, ...names: string[]): Promise<void> {
  await engine.propose((image) => {
    const topics = names.map((name) => newTopic(name, { numPartitions: 20, configs: [{ name: 'k', value: name }] }))
    const { records } = createTopics(image, topics, creation())
    return { records, result: undefined }
  })
}

function snapshots(logDirectory: string): string[] {
  return readdirSync(logDirectory).filter((name) => name.endsWith('.checkpoint'))
}

it('keeps what was proposed over restarts', async () => {
  const directory = temporaryDirectory()
  const first = await open(directory)
  await create(first.engine, 'a', 'b')
  await create(first.engine, 'c')
  const left = first.engine.image
  await first.close()
  const second = await open(directory)
  expect(plain(second.engine.image)).toEqual(plain(left))
  expect(second.engine.image.nextOffset).toBe(left.nextOffset)
  await create(second.engine, 'd')
  expect(second.engine.image.topics.size).toBe(4)
})

describe('snapshots', () => {
  it('carry Kafka’s names, replace each other, and stand for the log below them', async () => {
    const directory = temporaryDirectory()
    const first = await open(directory, 2_000)
    for (let number = 0; number < 8; number++) await create(first.engine, `t${number}`)
    const left = first.engine.image
    await first.close()
    const [name, ...others] = snapshots(first.logDirectory)
    expect(others).toEqual([])
    expect(name).toMatch(/^\d{20}-0000000000\.checkpoint$/)
    expect(Number(name!.slice(0, 20))).toBeGreaterThan(1)
    const second = await open(directory)
    expect(plain(second.engine.image)).toEqual(plain(left))
    await create(second.engine, 'more')
    expect(second.engine.image.topics.size).toBe(9)
  })

  it('that were never finished are passed over', async () => {
    const directory = temporaryDirectory()
    const first = await open(directory)
    await create(first.engine, 'a')
    const left = first.engine.image
    await first.close()
    const name = `${'9'.padStart(20, '0')}-0000000000.checkpoint`
    writeFileSync(path.join(first.logDirectory, `${name}.part`), 'begun')
    writeFileSync(path.join(first.logDirectory, name), '')
    const second = await open(directory)
    expect(plain(second.engine.image)).toEqual(plain(left))
  })

  it('that are damaged are missed when the log below them is gone', async () => {
    const directory = temporaryDirectory()
    const first = await open(directory, 1)
    await create(first.engine, 'a')
    await first.close()
    const [name] = snapshots(first.logDirectory)
    truncateSync(path.join(first.logDirectory, name!), 200)
    await expect(open(directory)).rejects.toThrow(LogError)
    await expect(open(directory)).rejects.toThrow(/snapshots do not meet/)
  })

  it('that the disk refuses stop nothing', async () => {
    const { engine, disk, logDirectory } = await open(temporaryDirectory(), 500)
    const fault = disk.inject({ operation: 'open', path: /checkpoint\.part$/, code: 'ENOSPC', times: 100 })
    await create(engine, 'a')
    await create(engine, 'b')
    expect(engine.image.topics.size).toBe(2)
    expect(fault.hits).toBeGreaterThan(0)
    expect(snapshots(logDirectory)).toEqual([])
  })
})

it('refuses proposals once a sync has failed, and shows what was in force before', async () => {
  const { engine, disk } = await open(temporaryDirectory())
  await create(engine, 'a')
  const { image } = engine
  disk.inject({ operation: 'sync', path: /\.log$/, code: 'EIO' })
  await expect(create(engine, 'b')).rejects.toThrow(MetadataNotStored)
  await expect(create(engine, 'c')).rejects.toThrow(MetadataNotStored)
  expect(engine.image).toBe(image)
})
