import { beforeEach, describe, expect, it } from 'vitest'
import { describeConfigsHandler } from '../../../src/broker/handlers/32-describe-configs.ts'
import { brokerConfigNames, topicDefinitions } from '../../../src/config/index.ts'
import { ConfigResourceType, configRecord } from '../../../src/metadata/index.ts'
import { type DescribeConfigsRequest, ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, NODE_ID, newTopic, versionsOf } from '../admin-fixture.ts'

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open({ 'log.retention.hours': 2 })
  await broker.create(newTopic('a', { configs: [{ name: 'segment.ms', value: '777' }] }))
})

async function ask(
  resourceType: number,
  resourceName: string,
  configurationKeys: string[] | null = null,
  changes: Partial<DescribeConfigsRequest> & { version?: number } = {},
) {
  const { version = 4, ...rest } = changes
  const { results } = await broker.call(describeConfigsHandler, version, {
    resources: [{ resourceType, resourceName, configurationKeys }],
    includeSynonyms: false,
    includeDocumentation: false,
    ...rest,
  })
  expect(results).toMatchObject([{ resourceType, resourceName }])
  return results[0]!
}

function names(result: { configs: { name: string }[] }): string[] {
  return result.configs.map(({ name }) => name)
}

async function setBrokerConfig(resourceName: string, name: string, value: string) {
  const resource = { type: ConfigResourceType.broker, name: resourceName }
  await broker.services.metadata.propose(() => ({ records: [configRecord(resource, name, value)], result: undefined }))
}

describe('of a topic', () => {
  it.each(versionsOf(describeConfigsHandler))('lists every one with its source in version %i', async (version) => {
    for (const keys of [null, []]) {
      const { errorCode, errorMessage, configs } = await ask(TOPIC, 'a', keys, { version })
      expect({ errorCode, errorMessage }).toEqual({ errorCode: 0, errorMessage: '' })
      expect(configs.map(({ name }) => name).sort()).toEqual(Object.keys(topicDefinitions).sort())
      const found = new Map(configs.map((config) => [config.name, config]))
      expect(found.get('segment.ms')).toMatchObject({ value: '777', configSource: 1, readOnly: false })
      expect(found.get('retention.ms')).toMatchObject({ value: '7200000', configSource: 4 })
      expect(found.get('flush.ms')).toMatchObject({ value: '9223372036854775807', configSource: 5 })
      expect(found.get('segment.ms')!.configType).toBe(version >= 3 ? 5 : 0)
    }
  })

  it('lists only what is asked for and exists', async () => {
    expect(names(await ask(TOPIC, 'a', ['segment.ms', 'nosuch', 'flush.ms']))).toEqual(['segment.ms', 'flush.ms'])
  })

  it('tells synonyms and meaning when asked', async () => {
    const silent = await ask(TOPIC, 'a', ['segment.ms'])
    expect(silent.configs).toMatchObject([{ synonyms: [], documentation: null }])
    const verbose = await ask(TOPIC, 'a', ['segment.ms'], { includeSynonyms: true, includeDocumentation: true })
    expect(verbose.configs[0]!.synonyms[0]).toEqual({ name: 'segment.ms', value: '777', source: 1 })
    expect(verbose.configs[0]!.synonyms.at(-1)).toMatchObject({ source: 5 })
    expect(verbose.configs[0]!.documentation).not.toBe('')
  })

  it.each([
    ['nope', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['x/y', ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['', ErrorCode.INVALID_TOPIC_EXCEPTION],
  ])('refuses %j', async (name, errorCode) => {
    expect(await ask(TOPIC, name)).toMatchObject({ errorCode, configs: [] })
  })
})

describe('of the broker', () => {
  it('lists every one', async () => {
    const result = await ask(BROKER, String(NODE_ID))
    expect(names(result).sort()).toEqual([...brokerConfigNames].sort())
    const found = new Map(result.configs.map((config) => [config.name, config]))
    expect(found.get('node.id')).toMatchObject({ value: String(NODE_ID), readOnly: true, configSource: 4 })
    expect(found.get('ssl.keystore.password')).toMatchObject({ value: null, isSensitive: true })
  })

  it('shows what was set at run time, and where', async () => {
    await setBrokerConfig('', 'log.segment.bytes', '2000000')
    await setBrokerConfig(String(NODE_ID), 'log.retention.ms', '7000')
    const { configs } = await ask(BROKER, String(NODE_ID), ['log.segment.bytes', 'log.retention.ms'])
    expect(configs).toMatchObject([
      { value: '2000000', configSource: 3 },
      { value: '7000', configSource: 2 },
    ])
    expect((await ask(TOPIC, 'a', ['segment.bytes'])).configs).toMatchObject([{ value: '2000000', configSource: 3 }])
  })

  it('without a name stands for the defaults that were set at run time', async () => {
    expect((await ask(BROKER, '')).configs).toEqual([])
    await setBrokerConfig('', 'log.segment.bytes', '2000000')
    await setBrokerConfig('', 'log.retention.ms', '8000')
    const { configs } = await ask(BROKER, '', ['log.segment.bytes'], { includeSynonyms: true })
    expect(configs).toEqual([
      {
        name: 'log.segment.bytes',
        value: '2000000',
        readOnly: false,
        configSource: 3,
        isSensitive: false,
        synonyms: [{ name: 'log.segment.bytes', value: '2000000', source: 3 }],
        configType: 3,
        documentation: null,
      },
    ])
  })

  it.each(['2', 'abc', '-1', ' 7'])('refuses %j, which is another', async (name) => {
    expect(await ask(BROKER, name)).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, configs: [] })
  })
})

it.each([BROKER_LOGGER, 16, 32, 0, 3])('refuses resource type %i', async (type) => {
  expect(await ask(type, String(NODE_ID))).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, configs: [] })
})

it('answers every resource, in the order asked', async () => {
  const { results } = await broker.call(describeConfigsHandler, 4, {
    resources: ['a', 'nope', 'a'].map((resourceName) => ({
      resourceType: TOPIC,
      resourceName,
      configurationKeys: ['segment.ms'],
    })),
    includeSynonyms: false,
    includeDocumentation: false,
  })
  expect(results.map(({ errorCode, configs }) => [errorCode, configs.length])).toEqual([
    [0, 1],
    [3, 0],
    [0, 1],
  ])
})
