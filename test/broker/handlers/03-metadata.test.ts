import { beforeEach, describe, expect, it } from 'vitest'
import { NO_TOPIC_ID } from '../../../src/base/ids.ts'
import { EncodedAnswer } from '../../../src/broker/handler.ts'
import { metadataHandler } from '../../../src/broker/handlers/03-metadata.ts'
import { ErrorCode, encode, type MetadataRequest, type MetadataResponse, Writer } from '../../../src/protocol/index.ts'
import { AdminFixture, CLUSTER_ID, NODE_ID, newTopic, versionsOf } from '../admin-fixture.ts'

const NOT_ASKED = -2147483648
let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open({ 'num.partitions': 2, 'broker.rack': 'shelf' })
  await broker.create(newTopic('a', { numPartitions: 3 }), 'b.c')
})

function byName(...names: (string | null)[]): MetadataRequest {
  return request({ topics: names.map((name) => ({ name, topicId: NO_TOPIC_ID })) })
}

function byId(...ids: string[]): MetadataRequest {
  return request({ topics: ids.map((topicId) => ({ name: null, topicId })) })
}

function request(changes: Partial<MetadataRequest>): MetadataRequest {
  return {
    topics: null,
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
    ...changes,
  }
}

function codes(response: MetadataResponse): [string | null, number][] {
  return response.topics.map(({ name, errorCode }) => [name, errorCode])
}

const ask = (version: number, wanted: MetadataRequest, listener = 0) =>
  broker.call(metadataHandler, version, wanted, { listener })

describe('in every version', () => {
  it.each(versionsOf(metadataHandler))('%i answers all topics and one by name', async (version) => {
    const all = await ask(version, request({ topics: version === 0 ? [] : null }))
    expect(all.topics.map(({ name }) => name).sort()).toEqual(['a', 'b.c'])
    const { topics, brokers, clusterId, controllerId } = await ask(version, byName('a'))
    expect(brokers).toEqual([{ nodeId: NODE_ID, host: 'inside', port: 9092, rack: version >= 1 ? 'shelf' : null }])
    expect(clusterId).toBe(version >= 2 ? CLUSTER_ID : null)
    expect(controllerId).toBe(version >= 1 ? NODE_ID : -1)
    expect(topics).toHaveLength(1)
    expect(topics[0]).toMatchObject({ name: 'a', errorCode: 0, topicAuthorizedOperations: NOT_ASKED })
    expect(topics[0]!.topicId).toBe(version >= 10 ? broker.topicId('a') : NO_TOPIC_ID)
    expect(topics[0]!.partitions).toEqual(
      [0, 1, 2].map((partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId: NODE_ID,
        leaderEpoch: version >= 7 ? 0 : -1,
        replicaNodes: [NODE_ID],
        isrNodes: [NODE_ID],
        offlineReplicas: [],
      })),
    )
  })
})

it('names the address of the listener that was asked', async () => {
  const { brokers } = await ask(9, byName(), 1)
  expect(brokers).toMatchObject([{ host: 'outside', port: 9093 }])
})

it('takes an empty list for none, from version 1 on', async () => {
  expect((await ask(1, byName())).topics).toEqual([])
  expect((await ask(13, byName())).topics).toEqual([])
})

it('answers a name given twice once', async () => {
  expect(codes(await ask(9, byName('a', 'a')))).toEqual([['a', 0]])
})

describe('authorized operations', () => {
  // The numbers of Apache Kafka 4.3.1 without an authorizer.
  it('are all, when asked for', async () => {
    const wanted = request({
      topics: [
        { name: 'a', topicId: NO_TOPIC_ID },
        { name: 'x', topicId: NO_TOPIC_ID },
      ],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: true,
    })
    const { topics, clusterAuthorizedOperations } = await ask(10, wanted)
    expect(clusterAuthorizedOperations).toBe(8096)
    expect(topics.map(({ topicAuthorizedOperations }) => topicAuthorizedOperations)).toEqual([3576, 3576])
  })

  it('are not told otherwise', async () => {
    const { topics, clusterAuthorizedOperations } = await ask(10, byName('a'))
    expect(clusterAuthorizedOperations).toBe(NOT_ASKED)
    expect(topics[0]!.topicAuthorizedOperations).toBe(NOT_ASKED)
  })
})

describe('by id', () => {
  it('finds a topic, and says so when there is none', async () => {
    const id = broker.topicId('a')
    const { topics } = await ask(12, byId(id, CLUSTER_ID))
    expect(topics).toMatchObject([
      { errorCode: 0, name: 'a', topicId: id },
      { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: CLUSTER_ID, topicAuthorizedOperations: NOT_ASKED },
    ])
  })

  it.each([10, 11])('is not a question that version %i can ask', async (version) => {
    const named = request({ topics: [{ name: 'a', topicId: CLUSTER_ID }] })
    for (const wanted of [named, byName(null)]) {
      const { brokers, clusterId, controllerId, topics } = await ask(version, wanted)
      expect({ brokers, clusterId, controllerId }).toEqual({ brokers: [], clusterId: null, controllerId: -1 })
      expect(topics).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST, name: wanted.topics![0]!.name ?? '' }])
    }
  })

  it('needs an id or a name', async () => {
    expect(codes(await ask(12, byName(null)))).toEqual([[null, ErrorCode.INVALID_REQUEST]])
  })
})

describe('topics that are missing', () => {
  it('are created with the defaults and answered at once', async () => {
    const { topics } = await ask(9, byName('new'))
    expect(topics).toMatchObject([{ errorCode: 0, name: 'new', partitions: [{ leaderId: NODE_ID }, {}] }])
    expect(broker.image.topic('new')?.partitions).toHaveLength(2)
    expect(broker.services.partitions.find('new', 1)).toBeDefined()
  })

  it('are created once for many who ask at the same time', async () => {
    const answers = await Promise.all([ask(9, byName('new')), ask(9, byName('new')), ask(12, byName('new', 'a'))])
    expect(answers.map((answer) => codes(answer)[0])).toEqual([
      ['new', 0],
      ['new', 0],
      ['new', 0],
    ])
    expect(new Set(answers.map(({ topics }) => topics[0]!.partitions.length))).toEqual(new Set([2]))
  })

  it('of the broker itself are created as it needs them', async () => {
    const { topics } = await ask(9, byName('__consumer_offsets'))
    expect(topics).toMatchObject([{ errorCode: 0, isInternal: true }])
    expect(topics[0]!.partitions).toHaveLength(50)
    expect(broker.image.topicConfig('__consumer_offsets').get('cleanup.policy')).toBe('compact')
  })

  it('are not created when the client forbids it, nor for all topics', async () => {
    const wanted = { ...byName('new'), allowAutoTopicCreation: false }
    expect(codes(await ask(4, wanted))).toEqual([['new', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]])
    await ask(4, request({}))
    expect(broker.image.topic('new')).toBeUndefined()
  })

  it('are not created when the broker forbids it', async () => {
    broker = await AdminFixture.open({ 'auto.create.topics.enable': false })
    expect(codes(await ask(9, byName('new')))).toEqual([['new', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]])
  })

  it.each([true, false])(
    'with names that cannot be are refused (creation allowed: %s)',
    async (allowAutoTopicCreation) => {
      const wanted = { ...byName('x/y', '', 'a'.repeat(250)), allowAutoTopicCreation }
      const { topics } = await ask(4, wanted)
      expect(topics.map(({ errorCode }) => errorCode)).toEqual([17, 17, 17])
    },
  )

  it('whose name collides are refused, and the others created', async () => {
    expect(codes(await ask(9, byName('b_c', 'new')))).toEqual([
      ['b_c', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['new', 0],
    ])
  })

  it('that cannot be stored are to be asked for again', async () => {
    broker.metadataLog.failNext = new Error('no space')
    expect(codes(await ask(9, byName('new', 'a')))).toEqual([
      ['new', ErrorCode.LEADER_NOT_AVAILABLE],
      ['a', 0],
    ])
  })
})

it('tells of partitions that another node leads, or nobody, that they have no leader now', async () => {
  const topicId = broker.topicId('b.c')
  await broker.services.metadata.propose(() => ({
    records: [
      {
        type: 5,
        value: {
          partitionId: 0,
          topicId,
          leader: -1,
          isr: null,
          replicas: [NODE_ID, 99],
          removingReplicas: null,
          addingReplicas: null,
          leaderRecoveryState: -1,
          directories: null,
          eligibleLeaderReplicas: null,
          lastKnownElr: null,
        },
      },
    ],
    result: undefined,
  }))
  const { topics } = await ask(9, byName('b.c'))
  expect(topics[0]!.partitions).toMatchObject([
    { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, leaderEpoch: 1, offlineReplicas: [99] },
  ])
})

describe('many partitions', () => {
  it.each(versionsOf(metadataHandler))('are encoded in slices to the same bytes, in version %i', async (version) => {
    await broker.create(...Array.from({ length: 300 }, (_, index) => newTopic(`many-${index}`, { numPartitions: 7 })))
    const wanted = request({ topics: version === 0 ? [] : null })
    const context = {
      connection: 1,
      listener: 0,
      apiVersion: version,
      correlationId: 1,
      clientId: null,
      remoteAddress: '',
    }
    const sliced = await metadataHandler.handle(broker.services, wanted, context)
    expect(sliced).toBeInstanceOf(EncodedAnswer)
    const decoded = await ask(version, wanted)
    expect(decoded.topics).toHaveLength(302)
    const whole = new Writer()
    encode(metadataHandler.response, whole, version, decoded)
    expect((sliced as EncodedAnswer).bytes.equals(whole.written())).toBe(true)
  })
})
