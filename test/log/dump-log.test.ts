import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import type { PartitionLog } from '../../src/log/index.ts'
import { Codec, ControlType, encodeBatch, encodeTransactionMarker } from '../../src/records/index.ts'
import { append, compressedBatch, recordsOf, settled } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

/** What Apache Kafka's own tool says of directories that were written here; needs its jars (scripts/check-dump-log.mjs). */
const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const libs = process.env.KAFKA_LIBS ?? path.join(repository, '.oracle/libs')
const hasKafka = existsSync(libs)
if (!hasKafka) console.warn(`SKIPPED: no Kafka jars in ${libs}: nobody judges the files of src/log`)

let data: DataDirectory
afterEach(() => data.remove())

interface Verdict {
  readonly status: number
  readonly output: string
}

function judge(directory: string): Promise<Verdict> {
  const script = path.join(repository, 'scripts/check-dump-log.mjs')
  return new Promise((resolve) => {
    execFile(process.execPath, [script, '--require', directory], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : 1, output: stdout + stderr })
    })
  })
}

const config = { segmentBytes: 8_000, indexIntervalBytes: 300 }
const CODECS = [Codec.none, Codec.gzip, Codec.snappy, Codec.lz4, Codec.zstd]
const DAY_MS = 86_400_000
const TORN_BYTES = 777

/** Batches of every codec, in several writes, with timestamps that go up and down. */
async function fill(log: PartitionLog, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    const timestamp = 20_000 * DAY_MS + ((batch * 7919) % 101) * 1_000
    const records = recordsOf(1 + (batch % 7), { timestamp, valueBytes: (batch * 53) % 500 })
    const codec = CODECS[batch % CODECS.length]!
    append(data.disk, log, codec === Codec.none ? encodeBatch(records) : await compressedBatch(records, codec))
    if (batch % 3 !== 0) continue
    data.manager.flushTurn()
    await settled(log)
  }
  data.manager.flushTurn()
  await settled(log)
}

async function fillTransactions(log: PartitionLog): Promise<void> {
  const fields = { producerId: 77, producerEpoch: 1 }
  for (let transaction = 0; transaction < 30; transaction++) {
    const records = recordsOf(3, { timestamp: 5_000 + transaction })
    append(data.disk, log, encodeBatch(records, { ...fields, baseSequence: 3 * transaction, isTransactional: true }))
    const type = transaction % 3 === 0 ? ControlType.abort : ControlType.commit
    append(data.disk, log, encodeTransactionMarker({ type, coordinatorEpoch: 4, timestampMs: 6_000, fields }))
    log.flush()
    await settled(log)
  }
}

async function load(): Promise<PartitionLog[]> {
  const logs: PartitionLog[] = []
  for (const partition of [0, 1, 2]) logs.push((await data.load(config, 'orders', partition)).log)
  return logs
}

async function fillAll(): Promise<void> {
  const [plain, transactional, shortened] = await load()
  await fill(plain!, 60)
  await fillTransactions(transactional!)
  await fill(shortened!, 40)
  await shortened!.deleteRecordsBefore(shortened!.highWatermark - 20)
}

test.skipIf(!hasKafka)(
  'finds nothing to complain about: after stops, restarts, crashes and torn tails',
  { timeout: 120_000 },
  async () => {
    data = await DataDirectory.open()
    await fillAll()
    await data.restart()
    for (const log of await load()) await fill(log, 11)
    await data.crash(async (directory) => {
      const names = (await readdir(path.join(directory, 'orders-2'))).filter((name) => name.endsWith('.log')).sort()
      const file = await open(path.join(directory, 'orders-2', names.at(-1)!), 'a')
      await file.write(Buffer.alloc(TORN_BYTES, 3))
      await file.close()
    })
    const truncated: number[] = []
    for (const partition of [0, 1, 2]) {
      const { log, report } = await data.load(config, 'orders', partition)
      truncated.push(report.truncatedBytes)
      await fill(log, 5)
    }
    expect(truncated).toEqual([0, 0, TORN_BYTES])
    await data.stop()
    const { status, output } = await judge(data.directory)
    expect(output).toContain('nothing to complain about')
    expect(status).toBe(0)
    await data.start()
  },
)

test.skipIf(!hasKafka)('and does complain about a flipped bit in an index', { timeout: 60_000 }, async () => {
  data = await DataDirectory.open()
  await fill((await data.load(config)).log, 30)
  await data.stop()
  const file = await open(path.join(data.directory, 'orders-0', '00000000000000000000.index'), 'r+')
  const entry = Buffer.alloc(8)
  await file.read(entry, 0, 8, 0)
  entry[3]! ^= 2
  await file.write(entry, 0, 8, 0)
  await file.close()
  expect(await judge(data.directory)).toMatchObject({ status: 1, output: expect.stringContaining('Mismatches') })
  await data.start()
})
