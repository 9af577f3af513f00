import { truncate } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ErrorCode } from '../../src/protocol/index.ts'
import { decodeFetch, fetch } from '../support/fetching.ts'
import {
  api,
  createTopic,
  deleteTopic,
  type FetchOptions,
  fetchManyValue,
  fetchValue,
  produce,
  record,
} from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import type { WireClient } from '../support/wire-client.ts'

/** Longer than any test may take: a fetch that waits for it fails its test. */
const FOR_EVER_MS = 600_000

let broker: TestBroker | undefined
afterEach(async () => {
  await broker?.stop()
  broker = undefined
})

async function start(settings: Record<string, string | number> = {}): Promise<WireClient> {
  broker = await TestBroker.start({ durability: 'os', ...settings })
  return broker.client()
}

async function fetchMany(client: WireClient, at: readonly [string, number, number][], options: FetchOptions = {}) {
  return decodeFetch(await client.answerOf(client.send(api.fetch.request, 12, fetchManyValue(at, options))))
}

/** Sends a long poll; resolves once the broker has parked it. */
async function park(client: WireClient, topic: string, offset: number, options: FetchOptions = {}) {
  const value = fetchValue(topic, offset, { maxWaitMs: FOR_EVER_MS, ...options })
  const answer = client.answerOf(client.send(api.fetch.request, 12, value)).then(decodeFetch)
  // The next answer on another connection comes after the frame that was sent before: both arrive in order of sending
  // at one event loop, at the latest with the second round trip.
  const other = await broker!.client()
  for (let round = 0; round < 2; round++) await fetch(other, 'none', 0)
  other.close()
  return { answer }
}

test('more minimum bytes than a fetch may return are not waited for', async () => {
  const client = await start()
  await createTopic(client, 't')
  for (const value of ['a', 'b', 'c']) await produce(client, 't', [record(value.repeat(1000))])
  const limits = [{ maxBytes: 1500 }, { partitionMaxBytes: 1500 }]
  for (const limit of limits) {
    const answer = await fetch(client, 't', 0, { maxWaitMs: FOR_EVER_MS, minBytes: 1 << 20, ...limit })
    expect(answer.partitions[0]!.offsets).toEqual([0])
  }
})

test('a fetch of an old segment does not wait for bytes that it would not read', async () => {
  const client = await start()
  await createTopic(client, 't', { configs: { 'segment.bytes': '1048576' } })
  for (let index = 0; index < 3; index++) await produce(client, 't', [record('x'.repeat(500_000))])
  const answer = await fetch(client, 't', 0, {
    maxWaitMs: FOR_EVER_MS,
    minBytes: 1_200_000,
    partitionMaxBytes: 1 << 22,
  })
  expect(answer.partitions[0]!.offsets).toEqual([0, 1])
})

test('a long poll waits until its minimum is readable', async () => {
  const client = await start()
  const producer = await broker!.client()
  await createTopic(client, 't')
  await produce(producer, 't', [record('first')])
  const { answer } = await park(client, 't', 0, { minBytes: 200 })
  await produce(producer, 't', [record('x'.repeat(200))])
  expect((await answer).partitions[0]!.offsets).toEqual([0, 1])
})

test('a fetch that does not wait is answered with nothing', async () => {
  const client = await start()
  await createTopic(client, 't')
  expect((await fetch(client, 't', 0, { maxWaitMs: 0, minBytes: 1000 })).partitions[0]).toMatchObject({
    errorCode: 0,
    offsets: [],
  })
})

test('the bytes of an answer are shared in the order of the request', async () => {
  const client = await start()
  await createTopic(client, 't', { partitions: 3 })
  for (const partition of [0, 1, 2]) await produce(client, 't', [record('x'.repeat(1000))], { partition })
  const at: [string, number, number][] = [
    ['t', 2, 0],
    ['t', 0, 0],
    ['t', 1, 0],
  ]
  const tight = await fetchMany(client, at, { maxBytes: 10 })
  expect(tight.partitions.map((partition) => partition.offsets)).toEqual([[0], [], []])
  const two = await fetchMany(client, at, { maxBytes: 2 * tight.partitions[0]!.bytes.length })
  expect(two.partitions.map((partition) => partition.offsets)).toEqual([[0], [0], []])
  const each = await fetchMany(client, at, { partitionMaxBytes: 10 })
  expect(each.partitions.map((partition) => partition.offsets)).toEqual([[0], [], []])
})

test('one bad partition is answered at once, beside what the others have', async () => {
  const client = await start()
  await createTopic(client, 't')
  await produce(client, 't', [record('a')])
  const answer = await fetchMany(
    client,
    [
      ['t', 0, 0],
      ['t', 7, 0],
    ],
    { maxWaitMs: FOR_EVER_MS, minBytes: 1 << 20 },
  )
  expect(answer.partitions.map((partition) => partition.errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  expect(answer.partitions[0]!.values).toEqual(['a'])
})

test('a parked fetch is answered when its topic is deleted, and a new topic of that name starts empty', async () => {
  const client = await start()
  const admin = await broker!.client()
  await createTopic(admin, 't')
  await produce(admin, 't', [record('old')])
  const { answer } = await park(client, 't', 1)
  expect(await deleteTopic(admin, 't')).toBe(0)
  expect((await answer).partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await createTopic(admin, 't')).toBe(0)
  expect((await fetch(client, 't', 0)).partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 0, offsets: [] })
  expect((await produce(admin, 't', [record('new')])).baseOffset).toBe(0)
  expect((await fetch(client, 't', 0)).partitions[0]!.values).toEqual(['new'])
})

test('a client that ends its side is answered with what there is, then closed', async () => {
  const client = await start()
  await createTopic(client, 't')
  const { answer } = await park(client, 't', 0)
  client.socket.end()
  expect((await answer).partitions[0]).toMatchObject({ errorCode: 0, offsets: [] })
  await client.untilClosed()
})

test('a client that ends its side behind several long polls has them all answered, and is closed', async () => {
  const client = await start()
  await createTopic(client, 't')
  const value = fetchValue('t', 0, { maxWaitMs: FOR_EVER_MS })
  const answers = [1, 2, 3].map(() => client.answerOf(client.send(api.fetch.request, 12, value)))
  client.socket.end()
  expect((await Promise.all(answers)).map((frame) => decodeFetch(frame).errorCode)).toEqual([0, 0, 0])
  await client.untilClosed()
})

test('read_committed without transactions reads to the high watermark and lists no aborted ones', async () => {
  const client = await start()
  await createTopic(client, 't')
  await produce(client, 't', [record('a')])
  expect((await fetch(client, 't', 0, { isolationLevel: 1 })).partitions[0]!.values).toEqual(['a'])
})

test('a fetch with an old or a future leader epoch is refused', async () => {
  const client = await start()
  await createTopic(client, 't')
  expect((await fetch(client, 't', 0, { currentLeaderEpoch: 0 })).partitions[0]!.errorCode).toBe(0)
  const future = await fetch(client, 't', 0, { currentLeaderEpoch: 5 })
  expect(future.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH)
})

test('hundreds of parked fetches are all woken by one append', async () => {
  const client = await start()
  await createTopic(client, 't')
  const consumers = await Promise.all(Array.from({ length: 300 }, () => broker!.client()))
  const value = fetchValue('t', 0, { maxWaitMs: FOR_EVER_MS })
  const answers = consumers.map((consumer) => consumer.answerOf(consumer.send(api.fetch.request, 12, value)))
  await fetch(client, 't', 0)
  await produce(client, 't', [record('for all')])
  for (const frame of await Promise.all(answers)) expect(decodeFetch(frame).partitions[0]!.values).toEqual(['for all'])
})

test('a file that is shorter than what it should hold is an error to the next fetch, not a loop of lost connections', async () => {
  const client = await start()
  await createTopic(client, 't')
  await createTopic(client, 'sound')
  for (let index = 0; index < 3; index++) await produce(client, 't', [record('x'.repeat(1000))])
  await produce(client, 'sound', [record('a')])
  await truncate(path.join(broker!.directory, 'data', 't-0', '00000000000000000000.log'), 1500)
  await expect(fetch(client, 't', 0)).rejects.toThrow('closed')
  const again = await broker!.client()
  expect((await fetch(again, 't', 0)).partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
  expect((await fetch(again, 'sound', 0)).partitions[0]!.values).toEqual(['a'])
  expect((await fetch(again, 't', 0, { partitionMaxBytes: 10 })).partitions[0]!.offsets).toEqual([0])
})
