import { afterEach, describe, expect, test } from 'vitest'
import { decode, ErrorCode, produceResponse, Reader } from '../../src/protocol/index.ts'
import {
  batchHeader,
  Codec,
  compress,
  crc32c,
  decodeBatch,
  encodeBatch,
  encodeRecords,
  frameBatch,
} from '../../src/records/index.ts'
import { fetch } from '../support/fetching.ts'
import { api, createTopic, deleteTopic, produce, produceValue, record, setTopicConfig } from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import type { WireClient } from '../support/wire-client.ts'

const VERSION = 12
const FOR_EVER_MS = 600_000

let broker: TestBroker | undefined
let release: () => void = () => {}
afterEach(async () => {
  release()
  await broker?.stop()
  broker = undefined
})

async function start(settings: Record<string, string | number> = {}): Promise<WireClient> {
  broker = await TestBroker.start({ durability: 'always', ...settings })
  const client = await broker.client()
  expect(await createTopic(client, 't')).toBe(0)
  return client
}

/** Keeps every sync of the topic's segments waiting until `release`. */
function holdSyncs(topic: string): void {
  const until = new Promise<void>((resolve) => {
    release = resolve
  })
  broker!.disk.inject({ operation: 'sync', path: new RegExp(`/${topic}-0/.*\\.log$`), times: 1_000_000, until })
}

type SendOptions = { acks?: number; timeoutMs?: number }

/** Sends one batch without waiting; the answer is its partition's. */
function send(client: WireClient, batch: Buffer, options: SendOptions = {}) {
  const correlation = client.send(api.produce.request, VERSION, produceValue('t', batch, options))
  return client.answerOf(correlation).then((frame) => {
    const reader = new Reader()
    reader.reset(frame, 4, frame.length)
    reader.skipTags()
    return decode(produceResponse, reader, VERSION).responses[0]!.partitionResponses[0]!
  })
}

const one = (value: string) => encodeBatch([record(value)])

/** Batches of one idempotent producer. */
const sequenced = (baseSequence: number) =>
  encodeBatch([record(`s${baseSequence}`)], { producerId: 7, producerEpoch: 0, baseSequence })

/** Resolves when the broker has served what was sent to it on other connections before. */
async function roundTrips(client: WireClient): Promise<void> {
  for (let round = 0; round < 2; round++) await fetch(client, 'none', 0)
}

describe('while a sync is under way', () => {
  test('nothing is acknowledged, nothing can be read, and both follow once it is done', async () => {
    const client = await start()
    const reader = await broker!.client()
    holdSyncs('t')
    const answers = [send(client, one('a'), { acks: 1 }), send(client, one('b'))]
    await roundTrips(reader)
    expect((await fetch(reader, 't', 0)).partitions[0]).toMatchObject({ highWatermark: 0, offsets: [] })
    release()
    expect((await Promise.all(answers)).map((answer) => [answer.errorCode, answer.baseOffset])).toEqual([
      [0, 0],
      [0, 1],
    ])
  })

  test('a produce past its timeout is answered so, and its data commits', async () => {
    const client = await start()
    holdSyncs('t')
    expect(await send(client, one('late'), { timeoutMs: 1 })).toMatchObject({
      errorCode: ErrorCode.REQUEST_TIMED_OUT,
      baseOffset: -1,
    })
    release()
    expect((await fetch(client, 't', 0, { maxWaitMs: FOR_EVER_MS })).partitions[0]!.values).toEqual(['late'])
    expect((await produce(client, 't', [record('next')])).baseOffset).toBe(1)
  })

  test('acks=0 past its timeout is no failure: nobody waits', async () => {
    const client = await start()
    holdSyncs('t')
    client.send(api.produce.request, VERSION, produceValue('t', one('quiet'), { acks: 0, timeoutMs: 1 }))
    expect(await send(client, one('late'), { timeoutMs: 1 })).toMatchObject({ errorCode: ErrorCode.REQUEST_TIMED_OUT })
    release()
    expect((await fetch(client, 't', 0, { maxWaitMs: FOR_EVER_MS, minBytes: 100 })).partitions[0]!.values).toEqual([
      'quiet',
      'late',
    ])
  })

  test('a duplicate is answered when its original is, not before', async () => {
    const client = await start()
    const other = await broker!.client()
    holdSyncs('t')
    const order: string[] = []
    const original = send(client, sequenced(0)).then((answer) => order.push(`original ${answer.baseOffset}`))
    await roundTrips(other)
    const duplicate = send(other, sequenced(0), { timeoutMs: 60_000 }).then((answer) =>
      order.push(`duplicate ${answer.baseOffset} ${answer.errorCode}`),
    )
    await roundTrips(await broker!.client())
    expect(order).toEqual([])
    release()
    await Promise.all([original, duplicate])
    expect(order.sort()).toEqual(['duplicate 0 0', 'original 0'])
    expect((await fetch(client, 't', 0)).partitions[0]!.offsets).toEqual([0])
  })

  test('a client that goes away leaves no answer behind, and its data commits', async () => {
    const client = await start()
    const other = await broker!.client()
    holdSyncs('t')
    send(client, one('orphan')).catch(() => {})
    await roundTrips(other)
    client.socket.resetAndDestroy()
    await client.untilClosed()
    await roundTrips(other)
    release()
    expect((await fetch(other, 't', 0, { maxWaitMs: FOR_EVER_MS })).partitions[0]!.values).toEqual(['orphan'])
  })

  test('a client that ends its side gets the answers that are due', async () => {
    const client = await start()
    holdSyncs('t')
    const answers = [send(client, one('a')), send(client, one('b'))]
    client.socket.end()
    await roundTrips(await broker!.client())
    release()
    expect((await Promise.all(answers)).map((answer) => answer.baseOffset)).toEqual([0, 1])
    await client.untilClosed()
  })

  test('deleting the topic answers who waits, and the next topic of that name starts empty', async () => {
    const client = await start()
    const admin = await broker!.client()
    holdSyncs('t')
    const pending = send(client, one('lost'))
    await roundTrips(admin)
    expect(await deleteTopic(admin, 't')).toBe(0)
    expect((await pending).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    release()
    expect(await createTopic(admin, 't')).toBe(0)
    expect((await produce(client, 't', [record('new')])).baseOffset).toBe(0)
  })
})

/** The next write of a topic fails, be it inline or, while the disk is slow, on a thread. */
function failNextWrite(topic: string, fault: { code: string; shortBytes?: number }): () => void {
  const path = new RegExp(`/${topic}-0/.*\\.log$`)
  const faults = (['writeRowsSync', 'writeRows'] as const).map((operation) =>
    broker!.disk.inject({ operation, path, ...fault }),
  )
  return () => {
    for (const injected of faults) injected.remove()
  }
}

describe('a disk that fails', () => {
  for (const operation of ['write', 'sync']) {
    test(`to ${operation} fails what waits and all writes from then on; the broker says so`, async () => {
      const client = await start()
      expect(await createTopic(client, 'other')).toBe(0)
      expect((await produce(client, 'other', [record('fine')])).errorCode).toBe(0)
      if (operation === 'write') failNextWrite('t', { code: 'EIO' })
      else broker!.disk.inject({ operation: 'sync', path: /\/t-0\/.*\.log$/, code: 'EIO' })
      expect((await produce(client, 't', [record('a')])).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
      expect(await broker!.broker.failed).toBeInstanceOf(Error)
      expect((await produce(client, 't', [record('b')])).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
      expect((await fetch(client, 't', 0)).partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
      expect((await produce(client, 'other', [record('b')])).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
      expect((await fetch(client, 'other', 0)).partitions[0]!.values).toEqual(['fine'])
    })
  }

  test('for lack of space refuses what is written then, keeps sequences, and recovers by itself', async () => {
    const client = await start()
    expect((await produce(client, 't', sequenced(0))).errorCode).toBe(0)
    const makeSpace = failNextWrite('t', { code: 'ENOSPC', shortBytes: 10 })
    expect((await produce(client, 't', sequenced(1))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    makeSpace()
    expect(await produce(client, 't', sequenced(1))).toMatchObject({ errorCode: 0, baseOffset: 1 })
    expect((await fetch(client, 't', 0)).partitions[0]!.values).toEqual(['s0', 's1'])
  })
})

describe('acknowledgements and replicas', () => {
  test('acks=all needs min.insync.replicas, acks=1 does not', async () => {
    const client = await start()
    expect(await setTopicConfig(client, 't', 'min.insync.replicas', '2')).toBe(0)
    expect((await produce(client, 't', [record('a')])).errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS)
    expect((await produce(client, 't', [record('a')], { acks: 1 })).errorCode).toBe(0)
  })

  test('other acks are refused', async () => {
    const client = await start()
    expect((await produce(client, 't', [record('a')], { acks: 2 })).errorCode).toBe(ErrorCode.INVALID_REQUIRED_ACKS)
  })
})

test('one request to good and bad partitions stores what is good', async () => {
  const client = await start()
  const value = produceValue('t', one('good'))
  value.topicData.push(produceValue('t', one('bad'), { partition: 5 }).topicData[0]!)
  const broken = one('torn')
  broken[broken.length - 1]! ^= 1
  value.topicData.push(produceValue('t', broken).topicData[0]!)
  const answer = await client.request(api.produce, VERSION, value)
  expect(answer.responses.map((topic) => topic.partitionResponses[0]!.errorCode)).toEqual([
    0,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.CORRUPT_MESSAGE,
  ])
})

test('LogAppendTime: the answer has the time, the stored batch has it too and is sound', async () => {
  const client = await start()
  await createTopic(client, 'stamped', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
  const batch = encodeBatch([record('a'), record('b')], { producerId: 9, producerEpoch: 0, baseSequence: 0 })
  const answer = await produce(client, 'stamped', batch)
  expect(answer.errorCode).toBe(0)
  expect(answer.logAppendTimeMs).toBeGreaterThan(1_700_000_000_000)
  const { bytes } = (await fetch(client, 'stamped', 0)).partitions[0]!
  expect(decodeBatch(bytes, 0).records.map((stored) => stored.timestamp)).toEqual(Array(2).fill(answer.logAppendTimeMs))
  expect(batchHeader.storedCrc(bytes, 0)).toBe(crc32c(bytes, 21, bytes.length))
  expect(await produce(client, 'stamped', batch)).toMatchObject({
    baseOffset: 0,
    logAppendTimeMs: answer.logAppendTimeMs,
  })
  expect((await produce(client, 't', [record('a')])).logAppendTimeMs).toBe(-1)
})

test('configs apply from the moment that their change is answered', async () => {
  const client = await start({ durability: 'os' })
  expect((await produce(client, 't', [record('x'.repeat(1000))])).errorCode).toBe(0)
  expect(await setTopicConfig(client, 't', 'max.message.bytes', '500')).toBe(0)
  expect((await produce(client, 't', [record('x'.repeat(1000))])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  expect(await setTopicConfig(client, 't', 'cleanup.policy', 'compact')).toBe(0)
  expect(await produce(client, 't', [record('a', 'key'), record('b')])).toMatchObject({
    errorCode: ErrorCode.INVALID_RECORD,
    recordErrors: [{ batchIndex: 1 }],
  })
  for (const [name, value] of [
    ['durability', 'always'],
    ['flush.messages', '1'],
  ] as const) {
    await createTopic(client, name)
    const syncs = () =>
      broker!.disk.calls.filter((call) => call.operation === 'sync' && new RegExp(`/${name}-0/.*log$`).test(call.path))
    await produce(client, name, [record('a')])
    expect(syncs()).toHaveLength(0)
    expect(await setTopicConfig(client, name, name, value)).toBe(0)
    await produce(client, name, [record('b')])
    expect(syncs()).toHaveLength(1)
  }
})

describe('validation of records', () => {
  test('under full looks into compressed batches, and keeps the order of the partition', async () => {
    const client = await start({ 'sluice.validate.records': 'full', durability: 'os' })
    const good = async (value: string) => {
      const section = encodeRecords([record(value)])
      return frameBatch({ ...section, bytes: await compress(Codec.gzip, section.bytes) }, Codec.gzip, {})
    }
    const bad = frameBatch({ ...encodeRecords([record('bad')]), bytes: Buffer.alloc(30, 0x55) }, Codec.gzip, {})
    const answers = await Promise.all([
      send(client, await good('a')),
      send(client, one('b')),
      send(client, bad),
      send(client, await good('c')),
      send(client, one('d')),
    ])
    expect(answers.map((answer) => [answer.errorCode, answer.baseOffset])).toEqual([
      [0, 0],
      [0, 1],
      [ErrorCode.INVALID_RECORD, -1],
      [0, 2],
      [0, 3],
    ])
    expect((await fetch(client, 't', 4)).partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 4 })
  })
})
