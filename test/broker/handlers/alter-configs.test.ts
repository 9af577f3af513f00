import { beforeEach, describe, expect, it } from 'vitest'
import { alterConfigsHandler } from '../../../src/broker/handlers/33-alter-configs.ts'
import { incrementalAlterConfigsHandler } from '../../../src/broker/handlers/44-incremental-alter-configs.ts'
import { ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, NODE_ID, newTopic, versionsOf } from '../admin-fixture.ts'

const TOPIC = 2
const BROKER = 4
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3
let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open()
  const configs = [
    { name: 'retention.ms', value: '1000' },
    { name: 'segment.ms', value: '2000' },
  ]
  await broker.create(newTopic('a', { configs }), 'b')
})

type Entry = [name: string, operation: number, value: string | null]
type Resource = [type: number, name: string, ...entries: Entry[]]

function incremental(resources: Resource[], changes: { version?: number; validateOnly?: boolean } = {}) {
  const { version = 1, validateOnly = false } = changes
  return broker.call(incrementalAlterConfigsHandler, version, {
    resources: resources.map(([resourceType, resourceName, ...entries]) => ({
      resourceType,
      resourceName,
      configs: entries.map(([name, configOperation, value]) => ({ name, configOperation, value })),
    })),
    validateOnly,
  })
}

/** The operations are not sent. */
function replacing(resources: Resource[], changes: { version?: number; validateOnly?: boolean } = {}) {
  const { version = 2, validateOnly = false } = changes
  return broker.call(alterConfigsHandler, version, {
    resources: resources.map(([resourceType, resourceName, ...entries]) => ({
      resourceType,
      resourceName,
      configs: entries.map(([name, , value]) => ({ name, value })),
    })),
    validateOnly,
  })
}

function overrides(topic: string): Record<string, string> {
  return Object.fromEntries(broker.image.topicConfig(topic))
}

describe('incrementally', () => {
  it.each(versionsOf(incrementalAlterConfigsHandler))('sets and deletes in version %i', async (version) => {
    const { responses } = await incremental([[TOPIC, 'a', ['retention.ms', SET, '5'], ['segment.ms', DELETE, null]]], {
      version,
    })
    expect(responses).toEqual([{ errorCode: 0, errorMessage: null, resourceType: TOPIC, resourceName: 'a' }])
    expect(overrides('a')).toEqual({ 'retention.ms': '5' })
  })

  it('appends to lists and subtracts from them, starting from the default', async () => {
    await incremental([[TOPIC, 'a', ['cleanup.policy', APPEND, 'compact']]])
    expect(overrides('a')).toMatchObject({ 'cleanup.policy': 'delete,compact' })
    await incremental([[TOPIC, 'a', ['cleanup.policy', SUBTRACT, 'delete']]])
    expect(overrides('a')).toMatchObject({ 'cleanup.policy': 'compact' })
  })

  it.each<[string, Entry, number]>([
    ['APPEND to what is no list', ['retention.ms', APPEND, '5'], ErrorCode.INVALID_CONFIG],
    ['an operation that is none', ['retention.ms', 9, '5'], ErrorCode.INVALID_REQUEST],
    ['SET without value', ['retention.ms', SET, null], ErrorCode.INVALID_REQUEST],
  ])('refuses %s', async (_name, entry, errorCode) => {
    expect((await incremental([[TOPIC, 'a', entry]])).responses).toMatchObject([{ errorCode }])
    expect(overrides('a')).toEqual({ 'retention.ms': '1000', 'segment.ms': '2000' })
  })

  it('deletes what was never set, known or not, without complaint', async () => {
    const { responses } = await incremental([[TOPIC, 'a', ['foo', DELETE, null], ['flush.ms', DELETE, null]]])
    expect(responses).toMatchObject([{ errorCode: 0 }])
  })
})

describe('as a whole', () => {
  it.each(versionsOf(alterConfigsHandler))('replaces every override in version %i', async (version) => {
    const { responses } = await replacing([[TOPIC, 'a', ['flush.ms', SET, '9']]], { version })
    expect(responses).toEqual([{ errorCode: 0, errorMessage: null, resourceType: TOPIC, resourceName: 'a' }])
    expect(overrides('a')).toEqual({ 'flush.ms': '9' })
  })

  it('refuses an entry without value', async () => {
    const { responses } = await replacing([[TOPIC, 'a', ['flush.ms', SET, null]]])
    expect(responses).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST }])
  })
})

// Error codes as Apache Kafka 4.3.1 answers them, where it does not merely fail.
describe.each([
  ['incrementally', incremental],
  ['as a whole', replacing],
])('%s refuses', (_name, alter) => {
  it.each<[string, Resource, number]>([
    ['an unknown topic', [TOPIC, 'nope', ['retention.ms', SET, '1']], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['an illegal topic', [TOPIC, 'x/y'], ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['all topics at once', [TOPIC, ''], ErrorCode.INVALID_REQUEST],
    ['an unknown config', [TOPIC, 'a', ['foo', SET, '1']], ErrorCode.INVALID_CONFIG],
    ['a bad value', [TOPIC, 'a', ['retention.ms', SET, 'x']], ErrorCode.INVALID_CONFIG],
    [
      'values that contradict each other',
      [TOPIC, 'a', ['min.compaction.lag.ms', SET, '9'], ['max.compaction.lag.ms', SET, '8']],
      ErrorCode.INVALID_CONFIG,
    ],
    [
      'a name given twice',
      [TOPIC, 'a', ['retention.ms', SET, '1'], ['retention.ms', SET, '2']],
      ErrorCode.INVALID_REQUEST,
    ],
    ['another broker', [BROKER, '2', ['log.retention.ms', SET, '1']], ErrorCode.INVALID_REQUEST],
    ['a broker that is no number', [BROKER, 'abc', ['log.retention.ms', SET, '1']], ErrorCode.INVALID_REQUEST],
    ['what cannot change while running', [BROKER, String(NODE_ID), ['node.id', SET, '8']], ErrorCode.INVALID_REQUEST],
    ['a bad value for a broker', [BROKER, '', ['log.retention.ms', SET, 'x']], ErrorCode.INVALID_CONFIG],
    ['a logger', [8, String(NODE_ID), ['root', SET, 'INFO']], ErrorCode.INVALID_REQUEST],
    ['a resource that is none', [3, 'a', ['root', SET, 'INFO']], ErrorCode.INVALID_REQUEST],
  ])('%s', async (_what, resource, errorCode) => {
    const appended = broker.metadataLog.values.length
    const { responses } = await alter([resource, [TOPIC, 'b', ['flush.ms', SET, '3']]])
    expect(responses).toMatchObject([
      { errorCode, resourceType: resource[0], resourceName: resource[1] },
      { errorCode: 0, resourceName: 'b' },
    ])
    expect(responses[0]!.errorMessage).not.toBeNull()
    expect(broker.metadataLog.values).toHaveLength(appended + 1)
  })

  it('a resource given twice, both times', async () => {
    const twice: Resource = [TOPIC, 'a', ['flush.ms', SET, '3']]
    const { responses } = await alter([twice, twice])
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([42, 42])
    expect(overrides('a')).not.toHaveProperty('flush.ms')
  })

  it('everything when nothing can be stored', async () => {
    broker.metadataLog.failNext = new Error('no space')
    const { responses } = await alter([[TOPIC, 'a', ['flush.ms', SET, '3']]])
    expect(responses).toMatchObject([{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR }])
  })

  it('nothing but also changes nothing when asked to validate', async () => {
    const { responses } = await alter([[TOPIC, 'a', ['flush.ms', SET, '3']]], { validateOnly: true })
    expect(responses).toMatchObject([{ errorCode: 0 }])
    expect(overrides('a')).not.toHaveProperty('flush.ms')
  })
})

describe('brokers', () => {
  it('are altered one by one and all at once', async () => {
    const { responses } = await incremental([
      [BROKER, String(NODE_ID), ['log.retention.ms', SET, '7000']],
      [BROKER, '', ['log.retention.ms', SET, '8000'], ['log.segment.bytes', SET, '2000000']],
    ])
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([0, 0])
    const { config } = broker.services
    expect(config.number('log.retention.ms')).toBe(7000)
    expect(config.number('log.segment.bytes')).toBe(2000000)
    await incremental([[BROKER, String(NODE_ID), ['log.retention.ms', DELETE, null]]])
    expect(config.number('log.retention.ms')).toBe(8000)
  })

  it('can be altered although an override is not known any more', async () => {
    const resource = { resourceType: BROKER, resourceName: '', name: 'from.the.future', value: '1' }
    await broker.services.metadata.propose(() => ({ records: [{ type: 4, value: resource }], result: undefined }))
    const { responses } = await incremental([[BROKER, '', ['log.retention.ms', SET, '8000']]])
    expect(responses).toMatchObject([{ errorCode: 0 }])
  })
})
