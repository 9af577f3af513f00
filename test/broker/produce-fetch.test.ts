import { afterEach, expect, test } from 'vitest'
import { ErrorCode } from '../../src/protocol/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { decodeFetch, fetch } from '../support/fetching.ts'
import { api, createTopic, fetchValue, produce, produceValue, record } from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'

let broker: TestBroker | undefined
afterEach(async () => {
  await broker?.stop()
  broker = undefined
})

for (const durability of ['always', 'interval', 'os']) {
  test(`what is acknowledged under ${durability} is fetched, in order, and again after a clean restart`, async () => {
    broker = await TestBroker.start({ durability })
    let client = await broker.client()
    expect(await createTopic(client, 'orders')).toBe(ErrorCode.NONE)
    for (let round = 0; round < 3; round++) {
      const answer = await produce(client, 'orders', [record(`a${round}`), record(`b${round}`)])
      expect(answer).toMatchObject({ errorCode: 0, baseOffset: 2 * round, logStartOffset: 0 })
    }
    const values = ['a0', 'b0', 'a1', 'b1', 'a2', 'b2']
    expect((await fetch(client, 'orders', 0)).partitions[0]).toMatchObject({ values, highWatermark: 6 })
    await broker.restart()
    client = await broker.client()
    expect((await fetch(client, 'orders', 0)).partitions[0]).toMatchObject({ values, highWatermark: 6 })
    expect((await produce(client, 'orders', [record('c')])).baseOffset).toBe(6)
  })
}

test('a fetch from within a batch returns the whole batch', async () => {
  broker = await TestBroker.start({ durability: 'os' })
  const client = await broker.client()
  await createTopic(client, 't')
  await produce(client, 't', [record('a'), record('b'), record('c')])
  expect((await fetch(client, 't', 2)).partitions[0]!.offsets).toEqual([0, 1, 2])
})

test('the first batch is returned above every limit, later ones only when they fit', async () => {
  broker = await TestBroker.start({ durability: 'os' })
  const client = await broker.client()
  await createTopic(client, 't')
  for (const value of ['a', 'b', 'c']) await produce(client, 't', [record(value.repeat(1000))])
  const one = (await fetch(client, 't', 0, { partitionMaxBytes: 10, maxBytes: 10 })).partitions[0]!
  expect(one.offsets).toEqual([0])
  const two = (await fetch(client, 't', 0, { partitionMaxBytes: 2 * one.bytes.length })).partitions[0]!
  expect(two.offsets).toEqual([0, 1])
})

test('a fetch beyond the end or below the start is out of range, at the end it is empty', async () => {
  broker = await TestBroker.start({ durability: 'os' })
  const client = await broker.client()
  await createTopic(client, 't')
  await produce(client, 't', [record('a')])
  expect((await fetch(client, 't', 1)).partitions[0]).toMatchObject({ errorCode: 0, offsets: [] })
  expect((await fetch(client, 't', 2)).partitions[0]!.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect((await fetch(client, 't', -1)).partitions[0]!.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect((await fetch(client, 'missing', 0)).partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('a long poll is answered when data arrives', async () => {
  broker = await TestBroker.start()
  const [consumer, producer] = [await broker.client(), await broker.client()]
  await createTopic(producer, 't')
  const correlation = consumer.send(api.fetch.request, 12, fetchValue('t', 0, { maxWaitMs: 20_000 }))
  const answer = consumer.answerOf(correlation)
  // The fetch is parked once a later request of another connection has been answered twice over.
  await producer.request(api.metadata, 9, {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  await produce(producer, 't', [record('late')])
  expect(decodeFetch(await answer).partitions[0]!.values).toEqual(['late'])
})

test('answers leave in the order of requests, whatever is ready first', async () => {
  broker = await TestBroker.start()
  const client = await broker.client()
  await createTopic(client, 't')
  const order: string[] = []
  const metadata = {
    topics: [],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
  const waits = [
    client
      .answerOf(client.send(api.produce.request, 12, produceValue('t', encodeBatch([record('a')]))))
      .then(() => order.push('produce')),
    client.answerOf(client.send(api.metadata.request, 9, metadata)).then(() => order.push('metadata')),
    client.answerOf(client.send(api.fetch.request, 12, fetchValue('t', 0))).then((frame) => {
      order.push('fetch')
      expect(decodeFetch(frame).partitions[0]!.values).toEqual(['a'])
    }),
  ]
  await Promise.all(waits)
  expect(order).toEqual(['produce', 'metadata', 'fetch'])
})

test('an idempotent batch sent twice is stored once and answered with its first offset', async () => {
  broker = await TestBroker.start()
  const client = await broker.client()
  await createTopic(client, 't')
  const id = await client.request(api.initProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
    producerId: -1,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
  })
  expect(id.errorCode).toBe(0)
  const batch = (baseSequence: number) =>
    encodeBatch([record('x')], { producerId: id.producerId, producerEpoch: id.producerEpoch, baseSequence })
  expect(await produce(client, 't', batch(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect(await produce(client, 't', batch(1))).toMatchObject({ errorCode: 0, baseOffset: 1 })
  expect(await produce(client, 't', batch(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect((await produce(client, 't', batch(3))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  expect((await fetch(client, 't', 0)).partitions[0]!.offsets).toEqual([0, 1])
})

test('a transactional id is refused for good', async () => {
  broker = await TestBroker.start()
  const client = await broker.client()
  const answer = await client.request(api.initProducerId, 4, {
    transactionalId: 'tx',
    transactionTimeoutMs: 1000,
    producerId: -1,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
  })
  expect(answer.errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
})

test('a fetch session lists only news', async () => {
  broker = await TestBroker.start({ durability: 'os' })
  const client = await broker.client()
  await createTopic(client, 't')
  await produce(client, 't', [record('a')])
  const full = await fetch(client, 't', 0, { sessionEpoch: 0 })
  expect(full.sessionId).toBeGreaterThan(0)
  expect(full.partitions[0]!.values).toEqual(['a'])
  const next = await fetch(client, 't', 1, { sessionId: full.sessionId, sessionEpoch: 1 })
  expect(next).toMatchObject({ errorCode: 0, sessionId: full.sessionId, partitions: [] })
  await produce(client, 't', [record('b')])
  const news = await fetch(client, 't', 1, { sessionId: full.sessionId, sessionEpoch: 2 })
  expect(news.partitions[0]!.values).toEqual(['b'])
  const stale = await fetch(client, 't', 1, { sessionId: full.sessionId, sessionEpoch: 2 })
  expect(stale).toMatchObject({ errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, partitions: [] })
  const unknown = await fetch(client, 't', 1, { sessionId: 12345, sessionEpoch: 2 })
  expect(unknown.errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

test('acks=0 stores without an answer; when it fails the connection closes', async () => {
  broker = await TestBroker.start()
  const client = await broker.client()
  await createTopic(client, 't')
  client.send(api.produce.request, 12, produceValue('t', encodeBatch([record('quiet')]), { acks: 0 }))
  expect((await fetch(client, 't', 0, { maxWaitMs: 5000 })).partitions[0]!.values).toEqual(['quiet'])
  client.send(api.produce.request, 12, produceValue('missing', encodeBatch([record('lost')]), { acks: 0 }))
  await client.untilClosed()
})
