import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type RunningBroker, startBroker } from '../../src/broker/index.ts'
import { brokerConfig } from '../../src/config/index.ts'
import { ErrorCode } from '../../src/protocol/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { decodeFetch, fetch } from '../support/fetching.ts'
import { api, createTopic, deleteTopic, fetchValue, produce, produceValue, record } from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import { WireClient } from '../support/wire-client.ts'

const FOR_EVER_MS = 600_000

const brokers: TestBroker[] = []
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop()
})

async function start(settings: Record<string, string | number> = {}): Promise<TestBroker> {
  const broker = await TestBroker.start({ durability: 'os', ...settings })
  brokers.push(broker)
  return broker
}

test('a stop answers parked fetches and closes their connections', async () => {
  const broker = await start()
  const client = await broker.client()
  await createTopic(client, 't')
  const parked = client.answerOf(client.send(api.fetch.request, 12, fetchValue('t', 0, { maxWaitMs: FOR_EVER_MS })))
  const other = await broker.client()
  for (let round = 0; round < 2; round++) await fetch(other, 'none', 0)
  await broker.broker.close()
  expect(decodeFetch(await parked).partitions[0]).toMatchObject({ errorCode: 0, offsets: [] })
  await client.untilClosed()
})

test('a stop waits for what is being committed', async () => {
  const broker = await start({ durability: 'always' })
  const client = await broker.client()
  await createTopic(client, 't')
  let release = () => {}
  const until = new Promise<void>((resolve) => {
    release = resolve
  })
  broker.disk.inject({ operation: 'sync', path: /\/t-0\/.*\.log$/, until })
  const value = produceValue('t', encodeBatch([record('a')]))
  const answer = client.answerOf(client.send(api.produce.request, 12, value))
  const other = await broker.client()
  for (let round = 0; round < 2; round++) await fetch(other, 'none', 0)
  const closed = broker.broker.close()
  release()
  expect((await answer).length).toBeGreaterThan(0)
  await closed
})

test('a stop lets a slow reader have the rest of its answer', async () => {
  const broker = await start()
  const client = await broker.client()
  await createTopic(client, 't', { configs: { 'max.message.bytes': '20000000' } })
  const value = 'x'.repeat(12_000_000)
  expect((await produce(client, 't', [record(value)])).errorCode).toBe(0)
  client.socket.pause()
  const answer = client.answerOf(client.send(api.fetch.request, 12, fetchValue('t', 0)))
  const other = await broker.client()
  for (let round = 0; round < 2; round++) await fetch(other, 'none', 0)
  const closed = broker.broker.close()
  client.socket.resume()
  expect(decodeFetch(await answer).partitions[0]!.values[0]).toHaveLength(value.length)
  await closed
})

test('a stop does not wait for ever for a client that never reads', async () => {
  const broker = await start()
  const client = await broker.client()
  await createTopic(client, 't', { configs: { 'max.message.bytes': '20000000' } })
  await produce(client, 't', [record('x'.repeat(12_000_000))])
  client.socket.pause()
  client.send(api.fetch.request, 12, fetchValue('t', 0))
  const other = await broker.client()
  for (let round = 0; round < 2; round++) await fetch(other, 'none', 0)
  await broker.broker.close()
})

test('two brokers of one process know nothing of each other', async () => {
  const [left, right] = [await start(), await start()]
  const [leftClient, rightClient] = [await left.client(), await right.client()]
  await createTopic(leftClient, 't')
  await createTopic(rightClient, 't')
  await produce(leftClient, 't', [record('left')])
  await produce(rightClient, 't', [record('right')])
  await left.broker.close()
  expect((await fetch(rightClient, 't', 0)).partitions[0]!.values).toEqual(['right'])
  expect((await produce(rightClient, 't', [record('more')])).baseOffset).toBe(1)
})

test('a port is free again as soon as its broker has closed', async () => {
  const first = await start()
  const { port } = first
  const client = await first.client()
  await createTopic(client, 't')
  await first.broker.close()
  const second = await start({ listeners: `PLAINTEXT://127.0.0.1:${port}` })
  expect(second.port).toBe(port)
  expect(await createTopic(await second.client(), 't')).toBe(ErrorCode.NONE)
})

async function startAt(directory: string, port: number): Promise<RunningBroker> {
  return startBroker({
    config: brokerConfig({ 'log.dirs': directory, listeners: `PLAINTEXT://127.0.0.1:${port}` }),
  })
}

test('a start that finds its port taken leaves nothing behind', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sluice-lifecycle-'))
  const other = await start()
  await expect(startAt(directory, other.port)).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE' })
  const broker = await startAt(directory, 0)
  const client = await WireClient.connect(broker.listeners[0]!.port)
  expect(await createTopic(client, 't')).toBe(ErrorCode.NONE)
  client.close()
  await broker.close()
  await rm(directory, { recursive: true })
})

test('a broker whose disk failed can be closed, and another started in its directory', async () => {
  const broker = await start({ durability: 'always' })
  const client = await broker.client()
  await createTopic(client, 't')
  expect((await produce(client, 't', [record('kept')])).errorCode).toBe(0)
  broker.disk.inject({ operation: 'sync', path: /\/t-0\/.*\.log$/, code: 'EIO' })
  expect((await produce(client, 't', [record('lost')])).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
  await broker.broker.failed
  await broker.restart()
  expect(broker.broker.recovery.unclean).toBe(true)
  expect((await fetch(await broker.client(), 't', 0)).partitions[0]!.values[0]).toBe('kept')
})

test('a broker whose metadata log failed can be closed, and another started in its directory', async () => {
  const broker = await start()
  const client = await broker.client()
  expect(await createTopic(client, 't')).toBe(0)
  broker.disk.inject({ operation: 'sync', path: /__cluster_metadata-0\/.*\.log$/, code: 'EIO' })
  expect(await createTopic(client, 'lost')).not.toBe(0)
  await broker.broker.failed
  await broker.restart()
  expect((await produce(await broker.client(), 't', [record('a')])).errorCode).toBe(0)
})

test('a deleted topic whose directory could not be renamed does not come back under a new topic of its name', async () => {
  const broker = await start()
  const client = await broker.client()
  await createTopic(client, 't')
  await produce(client, 't', [record('old')])
  await broker.restart()
  const again = await broker.client()
  broker.disk.inject({ operation: 'rename', path: /\/t-0$/, code: 'EACCES' })
  expect(await deleteTopic(again, 't')).toBe(0)
  expect(await createTopic(again, 't')).toBe(0)
  expect((await fetch(again, 't', 0)).partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 0, offsets: [] })
  expect((await produce(again, 't', [record('new')])).baseOffset).toBe(0)
  await broker.restart()
  expect((await fetch(await broker.client(), 't', 0)).partitions[0]!.values).toEqual(['new'])
})

test('nor does it after a restart in between', async () => {
  const broker = await start()
  const client = await broker.client()
  await createTopic(client, 't')
  await produce(client, 't', [record('old')])
  broker.disk.inject({ operation: 'rename', path: /\/t-0$/, code: 'EACCES' })
  expect(await deleteTopic(client, 't')).toBe(0)
  await broker.restart()
  const again = await broker.client()
  expect(await createTopic(again, 't')).toBe(0)
  expect((await fetch(again, 't', 0)).partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 0, offsets: [] })
})
