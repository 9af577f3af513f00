import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FetchSession, FetchSessionCache } from '../../src/broker/fetch-session.ts'
import { planFetch } from '../../src/broker/fetch-sessions.ts'
import { ErrorCode, type FetchRequest } from '../../src/protocol/index.ts'
import { decodeFetch } from '../support/fetching.ts'
import {
  api,
  createTopic,
  deleteTopic,
  type FetchOptions,
  fetchManyValue,
  produce,
  record,
} from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import type { WireClient } from '../support/wire-client.ts'

type At = [topic: string, partition: number, offset: number]
const BY_NAME = 12
const BY_ID = 13

let lastId = 0
let cache: FetchSessionCache
beforeEach(() => {
  lastId = 0
  cache = new FetchSessionCache({ slots: 2, randomInt32: () => ++lastId })
})

function plan(at: readonly At[], options: FetchOptions & { nowMs?: number; version?: number; forget?: At[] } = {}) {
  const request: FetchRequest = { ...fetchManyValue(at, options) }
  request.forgottenTopicsData = (options.forget ?? []).map(([topic, partition]) => ({
    topic,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    partitions: [partition],
  }))
  return planFetch(request, options.version ?? BY_NAME, cache, options.nowMs ?? 0)
}

function open(at: readonly At[], nowMs = 0): FetchSession {
  return plan(at, { sessionEpoch: 0, nowMs }).session!
}

const read = (targets: readonly { topic: string; partition: number; fetchOffset: number }[]) =>
  targets.map(({ topic, partition, fetchOffset }) => [topic, partition, fetchOffset])

describe('the plan of a fetch', () => {
  test('a continued session merges what is listed and drops what is forgotten', () => {
    const { id } = open([
      ['a', 0, 0],
      ['b', 0, 0],
    ])
    const next = plan(
      [
        ['b', 0, 5],
        ['c', 0, 1],
      ],
      { sessionId: id, sessionEpoch: 1, forget: [['a', 0, 0]] },
    )
    expect(next).toMatchObject({ errorCode: 0, sessionId: id, incremental: true })
    expect(read(next.targets)).toEqual([
      ['b', 0, 5],
      ['c', 0, 1],
    ])
  })

  test('a session that forgets everything ends', () => {
    const { id } = open([['a', 0, 0]])
    const emptied = plan([], { sessionId: id, sessionEpoch: 1, forget: [['a', 0, 0]] })
    expect(emptied).toMatchObject({ errorCode: 0, sessionId: 0, targets: [] })
    expect(plan([], { sessionId: id, sessionEpoch: 2 }).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('a wrong epoch leaves the session as it is', () => {
    const { id } = open([['a', 0, 0]])
    for (const sessionEpoch of [2, 7, 0x7fffffff]) {
      expect(plan([], { sessionId: id, sessionEpoch }).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    }
    expect(plan([], { sessionId: id, sessionEpoch: 1 }).errorCode).toBe(0)
  })

  test('epochs wrap to 1', () => {
    const session = open([['a', 0, 0]])
    session.nextEpoch = 0x7fffffff
    expect(plan([], { sessionId: session.id, sessionEpoch: 0x7fffffff }).errorCode).toBe(0)
    expect(plan([], { sessionId: session.id, sessionEpoch: 1 }).errorCode).toBe(0)
  })

  test('names and ids do not mix within a session', () => {
    const { id } = open([['a', 0, 0]])
    const mixed = plan([], { sessionId: id, sessionEpoch: 1, version: BY_ID })
    expect(mixed).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR, sessionId: 0, targets: [] })
  })

  test('a full request and a final one end the session that they name', () => {
    for (const sessionEpoch of [0, -1]) {
      const { id } = open([['a', 0, 0]])
      const full = plan([['a', 0, 3]], { sessionId: id, sessionEpoch })
      expect(read(full.targets)).toEqual([['a', 0, 3]])
      expect(full.sessionId).toBe(sessionEpoch === 0 ? lastId : 0)
      expect(cache.get(id)).toBeUndefined()
      cache.remove(lastId)
    }
  })

  test('a full cache answers without a session, unless one was idle for two minutes', () => {
    const [first, second] = [open([['a', 0, 0]]), open([['b', 0, 0]])]
    expect(plan([['c', 0, 0]], { sessionEpoch: 0, nowMs: 60_000 })).toMatchObject({ errorCode: 0, sessionId: 0 })
    plan([], { sessionId: first.id, sessionEpoch: 1, nowMs: 60_000 })
    const third = plan([['c', 0, 0]], { sessionEpoch: 0, nowMs: 120_000 })
    expect(third.sessionId).toBeGreaterThan(0)
    expect([cache.get(first.id)?.id, cache.get(second.id)]).toEqual([first.id, undefined])
  })
})

describe('over the wire', () => {
  let broker: TestBroker | undefined
  afterEach(async () => {
    await broker?.stop()
    broker = undefined
  })

  async function fetchIn(client: WireClient, at: readonly At[], options: FetchOptions) {
    const value = fetchManyValue(at, options)
    return decodeFetch(await client.answerOf(client.send(api.fetch.request, BY_NAME, value)))
  }

  async function started(): Promise<WireClient> {
    broker = await TestBroker.start({ durability: 'os' })
    const client = await broker.client()
    for (const topic of ['a', 'b']) {
      await createTopic(client, topic)
      for (const value of ['1', '2', '3']) await produce(client, topic, [record(value.repeat(1000))])
    }
    return client
  }

  test('a partition that returned data is read last the next time', async () => {
    const client = await started()
    const at: At[] = [
      ['a', 0, 0],
      ['b', 0, 0],
    ]
    const first = await fetchIn(client, at, { sessionEpoch: 0, maxBytes: 10 })
    expect(first.partitions.map((partition) => partition.offsets)).toEqual([[0], []])
    const options = { sessionId: first.sessionId, maxBytes: 10 }
    const second = await fetchIn(client, [['a', 0, 1]], { ...options, sessionEpoch: 1 })
    expect(second.partitions.map((partition) => partition.values[0]?.[0])).toEqual(['1'])
    const third = await fetchIn(client, [['b', 0, 1]], { ...options, sessionEpoch: 2 })
    expect(third.partitions.map((partition) => partition.values[0]?.[0])).toEqual(['2'])
    expect(third.partitions[0]!.offsets).toEqual([1])
  })

  test('a partition that failed is listed again once it is well', async () => {
    const client = await started()
    const first = await fetchIn(client, [['a', 0, 99]], { sessionEpoch: 0 })
    expect(first.partitions[0]!.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    const { sessionId } = first
    const well = await fetchIn(client, [['a', 0, 3]], { sessionId, sessionEpoch: 1 })
    expect(well.partitions).toMatchObject([{ errorCode: 0, highWatermark: 3, offsets: [] }])
    expect((await fetchIn(client, [], { sessionId, sessionEpoch: 2 })).partitions).toEqual([])
  })

  test('a topic that was deleted is an error of its own, as long as the client asks for it', async () => {
    const client = await started()
    const at: At[] = [
      ['a', 0, 3],
      ['b', 0, 3],
    ]
    const { sessionId } = await fetchIn(client, at, { sessionEpoch: 0 })
    expect(await deleteTopic(client, 'a')).toBe(0)
    for (const sessionEpoch of [1, 2]) {
      const answer = await fetchIn(client, [], { sessionId, sessionEpoch, maxWaitMs: 600_000 })
      expect(answer.partitions.map((one) => one.errorCode)).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
    }
  })
})
