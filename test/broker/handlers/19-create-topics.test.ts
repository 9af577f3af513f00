import { beforeEach, describe, expect, it } from 'vitest'
import { NO_TOPIC_ID } from '../../../src/base/ids.ts'
import { createTopicsHandler } from '../../../src/broker/handlers/19-create-topics.ts'
import { type CreateTopicsRequest, ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, versionsOf } from '../admin-fixture.ts'

type NewTopicRequest = CreateTopicsRequest['topics'][number]
let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open({ 'num.partitions': 2 })
  await broker.create('taken')
})

function wanted(name: string, changes: Partial<NewTopicRequest> = {}): NewTopicRequest {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...changes }
}

function create(topics: NewTopicRequest[], changes: { version?: number; validateOnly?: boolean } = {}) {
  const { version = 7, validateOnly = false } = changes
  return broker.call(createTopicsHandler, version, { topics, timeoutMs: 0, validateOnly })
}

it.each(versionsOf(createTopicsHandler))('creates a topic in version %i', async (version) => {
  const topic = wanted('t', {
    numPartitions: -1,
    replicationFactor: -1,
    configs: [{ name: 'retention.ms', value: '5' }],
  })
  const { topics } = await create([topic], { version })
  const image = broker.image.topic('t')!
  expect(image.partitions).toHaveLength(2)
  expect(broker.image.topicConfig('t').get('retention.ms')).toBe('5')
  expect(topics).toHaveLength(1)
  expect(topics[0]).toMatchObject({
    name: 't',
    errorCode: 0,
    errorMessage: null,
    topicId: version >= 7 ? image.id : NO_TOPIC_ID,
    numPartitions: version >= 5 ? 2 : -1,
    replicationFactor: version >= 5 ? 1 : -1,
  })
  const retention = topics[0]!.configs?.find(({ name }) => name === 'retention.ms')
  const described = { name: 'retention.ms', value: '5', readOnly: false, configSource: 1, isSensitive: false }
  expect(retention).toEqual(version >= 5 ? described : undefined)
})

it('answers when the partitions can be found', async () => {
  await create([wanted('t', { numPartitions: 3 })])
  expect(broker.services.partitions.find('t', 2)?.topicId).toBe(broker.topicId('t'))
})

it('judges every topic by itself, a repeated name once', async () => {
  const { topics } = await create([wanted('taken'), wanted('x'), wanted('x'), wanted('t'), wanted('a b')])
  const codes = new Map(topics.map(({ name, errorCode }) => [name, errorCode]))
  expect(topics).toHaveLength(4)
  expect(codes).toEqual(
    new Map([
      ['taken', ErrorCode.TOPIC_ALREADY_EXISTS],
      ['x', ErrorCode.INVALID_REQUEST],
      ['t', 0],
      ['a b', ErrorCode.INVALID_TOPIC_EXCEPTION],
    ]),
  )
  expect(topics[0]).toMatchObject({
    topicId: NO_TOPIC_ID,
    numPartitions: -1,
    replicationFactor: -1,
    errorMessage: "Topic 'taken' already exists.",
  })
})

describe('configurations', () => {
  it.each([
    ['unknown', 'foo', '1'],
    ['of the wrong type', 'retention.ms', 'abc'],
    ['too small', 'segment.bytes', '3'],
    ['not among the choices', 'cleanup.policy', 'foo'],
    ['without value', 'retention.ms', null],
  ])('that are %s are refused', async (_name, name, value) => {
    const { topics } = await create([wanted('t', { configs: [{ name, value }] })])
    expect(topics).toMatchObject([{ errorCode: ErrorCode.INVALID_CONFIG }])
    expect(topics[0]!.errorMessage).toContain(name)
    expect(broker.image.topic('t')).toBeUndefined()
  })

  it('that contradict each other are refused', async () => {
    const configs = [
      { name: 'min.compaction.lag.ms', value: '100' },
      { name: 'max.compaction.lag.ms', value: '10' },
    ]
    const { topics } = await create([wanted('t', { configs })])
    expect(topics).toMatchObject([{ errorCode: ErrorCode.INVALID_CONFIG }])
  })
})

it('only looks when asked to validate', async () => {
  const appended = broker.metadataLog.values.length
  const { topics } = await create([wanted('t', { numPartitions: 4 }), wanted('taken')], { validateOnly: true })
  expect(topics).toMatchObject([{ errorCode: 0, numPartitions: 4 }, { errorCode: ErrorCode.TOPIC_ALREADY_EXISTS }])
  expect(broker.image.topic('t')).toBeUndefined()
  expect(broker.metadataLog.values).toHaveLength(appended)
})

it('tells every topic when nothing could be stored', async () => {
  broker.metadataLog.failNext = new Error('no space')
  const { topics } = await create([wanted('t'), wanted('taken')])
  expect(topics.map(({ errorCode }) => errorCode)).toEqual([56, 56])
  expect(broker.image.topic('t')).toBeUndefined()
  expect((await create([wanted('t')])).topics).toMatchObject([{ errorCode: 0 }])
})

it('refuses while the broker stops, so that the client asks again', async () => {
  await broker.services.metadata.close()
  expect((await create([wanted('t')])).topics).toMatchObject([{ errorCode: ErrorCode.NOT_CONTROLLER }])
})

it('answers nothing to nothing', async () => {
  expect((await create([])).topics).toEqual([])
})
