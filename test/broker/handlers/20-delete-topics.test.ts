import { beforeEach, describe, expect, it } from 'vitest'
import { NO_TOPIC_ID } from '../../../src/base/ids.ts'
import { deleteTopicsHandler } from '../../../src/broker/handlers/20-delete-topics.ts'
import { ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, CLUSTER_ID, versionsOf } from '../admin-fixture.ts'

let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open()
  await broker.create('a', 'b')
})

function byName(version: number, ...names: string[]) {
  return broker.call(deleteTopicsHandler, version, {
    topics: version >= 6 ? names.map((name) => ({ name, topicId: NO_TOPIC_ID })) : [],
    topicNames: version >= 6 ? [] : names,
    timeoutMs: 0,
  })
}

function byEither(...topics: { name: string | null; topicId: string }[]) {
  return broker.call(deleteTopicsHandler, 6, { topics, topicNames: [], timeoutMs: 0 })
}

it.each(versionsOf(deleteTopicsHandler))('deletes by name in version %i', async (version) => {
  const id = broker.topicId('a')
  const { responses } = await byName(version, 'a', 'nope')
  expect(responses).toEqual([
    { name: 'a', topicId: version >= 6 ? id : NO_TOPIC_ID, errorCode: 0, errorMessage: null },
    {
      name: 'nope',
      topicId: NO_TOPIC_ID,
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: version >= 5 ? 'This server does not host this topic-partition.' : null,
    },
  ])
  expect(broker.image.topics.values().map(({ name }) => name)).toEqual(['b'])
  expect(broker.services.partitions.find('a', 0)).toBeUndefined()
})

it('deletes by id', async () => {
  const id = broker.topicId('a')
  const { responses } = await byEither({ name: null, topicId: id }, { name: null, topicId: CLUSTER_ID })
  expect(responses).toMatchObject([
    { name: 'a', topicId: id, errorCode: 0 },
    { name: null, topicId: CLUSTER_ID, errorCode: ErrorCode.UNKNOWN_TOPIC_ID },
  ])
})

describe('refuses', () => {
  it('a name given twice, known or not, with one answer each', async () => {
    const { responses } = await byName(6, 'a', 'a', 'nope', 'nope')
    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', 42],
      ['nope', 42],
    ])
    expect(broker.image.topic('a')).toBeDefined()
  })

  it('a topic given by name and by id', async () => {
    const { responses } = await byEither(
      { name: 'a', topicId: NO_TOPIC_ID },
      { name: null, topicId: broker.topicId('a') },
    )
    expect(responses).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST }])
    expect(broker.image.topic('a')).toBeDefined()
  })

  it('an entry with both or with neither', async () => {
    const { responses } = await byEither(
      { name: 'a', topicId: broker.topicId('a') },
      { name: null, topicId: NO_TOPIC_ID },
    )
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([42, 42])
    expect(broker.image.topic('a')).toBeDefined()
  })

  it.each([
    [1, ErrorCode.INVALID_REQUEST],
    [2, ErrorCode.INVALID_REQUEST],
    [3, ErrorCode.TOPIC_DELETION_DISABLED],
    [6, ErrorCode.TOPIC_DELETION_DISABLED],
  ])('everything when deletion is off, in version %i with %i', async (version, code) => {
    broker = await AdminFixture.open({ 'delete.topic.enable': false })
    await broker.create('a')
    expect((await byName(version, 'a')).responses).toMatchObject([{ name: 'a', errorCode: code }])
    expect(broker.image.topic('a')).toBeDefined()
  })

  it('everything when nothing can be stored', async () => {
    broker.metadataLog.failNext = new Error('no space')
    const { responses } = await byName(6, 'a')
    expect(responses).toMatchObject([{ name: 'a', errorCode: ErrorCode.KAFKA_STORAGE_ERROR }])
    expect(broker.image.topic('a')).toBeDefined()
  })
})

it('makes a name free for another topic with another id', async () => {
  const id = broker.topicId('a')
  await byName(6, 'a')
  await broker.create('a')
  expect(broker.topicId('a')).not.toBe(id)
  expect(broker.image.topicById(id)).toBeUndefined()
})
