import { afterEach, beforeEach, expect, test } from 'vitest'
import { ErrorCode, offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from '../../src/protocol/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { api, createTopic, produce } from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import type { WireClient } from '../support/wire-client.ts'

const NEWEST = 11
const [LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, PENDING_UPLOAD] = [-1, -2, -3, -4, -5, -6]
const T = 1_700_000_000_000

let broker: TestBroker
let client: WireClient
beforeEach(async () => {
  broker = await TestBroker.start({ durability: 'os' })
  client = await broker.client()
  await createTopic(client, 't')
  const batches = [
    [T, T + 10],
    [T + 50, T + 20],
    [T + 30, T + 50],
  ]
  for (const times of batches) {
    const records = times.map((timestamp) => ({ value: Buffer.from(String(timestamp)), timestamp }))
    await produce(client, 't', encodeBatch(records))
  }
})
afterEach(() => broker.stop())

async function list(timestamp: number, options: { version?: number; topic?: string; epoch?: number } = {}) {
  const asked = { partitionIndex: 0, currentLeaderEpoch: options.epoch ?? -1, timestamp }
  const answer = await client.request(api.listOffsets, options.version ?? NEWEST, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: options.topic ?? 't', partitions: [asked] }],
    timeoutMs: 1000,
  })
  return answer.topics[0]!.partitions[0]!
}

test('the ends of a partition', async () => {
  expect(await list(LATEST)).toMatchObject({ errorCode: 0, offset: 6, timestamp: -1, leaderEpoch: 0 })
  expect(await list(EARLIEST)).toMatchObject({ errorCode: 0, offset: 0, timestamp: -1, leaderEpoch: 0 })
  expect(await list(EARLIEST_LOCAL)).toMatchObject({ errorCode: 0, offset: 0 })
  expect(await list(LATEST_TIERED)).toMatchObject({ errorCode: 0, offset: -1 })
  expect(await list(PENDING_UPLOAD)).toMatchObject({ errorCode: 0, offset: -1 })
})

test('the first record at or after a time, with its own time', async () => {
  const expected: [number, number, number][] = [
    [0, 0, T],
    [T, 0, T],
    [T + 1, 1, T + 10],
    [T + 11, 2, T + 50],
    [T + 50, 2, T + 50],
    [T + 51, -1, -1],
  ]
  for (const [timestamp, offset, found] of expected) {
    expect(await list(timestamp)).toMatchObject({ errorCode: 0, offset, timestamp: found })
  }
})

test('the record of the largest time, the earliest of several', async () => {
  expect(await list(MAX_TIMESTAMP)).toMatchObject({ errorCode: 0, offset: 2, timestamp: T + 50, leaderEpoch: 0 })
})

test('special times are refused by the versions before them', async () => {
  const since: [number, number][] = [
    [MAX_TIMESTAMP, 7],
    [EARLIEST_LOCAL, 8],
    [LATEST_TIERED, 9],
    [PENDING_UPLOAD, 11],
  ]
  for (const [timestamp, version] of since) {
    expect((await list(timestamp, { version: version - 1 })).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
    expect((await list(timestamp, { version })).errorCode).toBe(0)
  }
  expect((await list(-7)).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
})

test('every version answers the latest offset', async () => {
  for (let version = 1; version <= NEWEST; version++) expect((await list(LATEST, { version })).offset).toBe(6)
})

test('what cannot be answered', async () => {
  expect((await list(LATEST, { topic: 'missing' })).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect((await list(LATEST, { epoch: 3 })).errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH)
})

test('an empty partition has no record at any time', async () => {
  await createTopic(client, 'empty')
  for (const timestamp of [0, T, MAX_TIMESTAMP]) {
    expect(await list(timestamp, { topic: 'empty' })).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 })
  }
})

test('a partition that is asked for twice is an invalid request', async () => {
  const asked = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: LATEST }
  const answer = await client.request(api.listOffsets, NEWEST, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 't', partitions: [asked, asked] }],
    timeoutMs: 1000,
  })
  expect(answer.topics[0]!.partitions.map((partition) => partition.errorCode)).toEqual([
    ErrorCode.INVALID_REQUEST,
    ErrorCode.INVALID_REQUEST,
  ])
})

test('the end of a leader epoch is the end of the log, for the latest one', async () => {
  const pair = { request: offsetForLeaderEpochRequest, response: offsetForLeaderEpochResponse }
  const ask = async (leaderEpoch: number) => {
    const asked = { partition: 0, currentLeaderEpoch: -1, leaderEpoch }
    const answer = await client.request(pair, 4, { replicaId: -2, topics: [{ topic: 't', partitions: [asked] }] })
    return answer.topics[0]!.partitions[0]!
  }
  expect(await ask(0)).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 6 })
  expect(await ask(1)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 })
})
