import { beforeEach, describe, expect, it } from 'vitest'
import {
  createPartitions,
  createTopics,
  type MetadataEngine,
  type MorePartitions,
  type NewTopic,
  RecordType,
} from '../../src/metadata/index.ts'
import { ErrorCode } from '../../src/protocol/index.ts'
import { creation, DIRECTORY_ID, NODE_ID, newTopic, openRegistered } from './builders.ts'

const placement = { nodeId: NODE_ID, directoryId: DIRECTORY_ID }
let engine: MetadataEngine

beforeEach(async () => {
  engine = await openRegistered()
  await engine.propose((image) => {
    const { records } = createTopics(image, [newTopic('taken', { numPartitions: 3 }), newTopic('a.b')], creation())
    return { records, result: undefined }
  })
})

function assigned(...lists: [index: number, brokerIds: number[]][]): Partial<NewTopic> {
  const assignments = lists.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds }))
  return { numPartitions: -1, replicationFactor: -1, assignments }
}

describe('creating topics', () => {
  it('makes a topic record, its overrides and its partitions, led by this broker from epoch 0', () => {
    const wanted = newTopic('t', { numPartitions: 2, configs: [{ name: 'k', value: 'v' }] })
    const { records, outcomes } = createTopics(engine.image, [wanted], creation({ newTopicId: () => DIRECTORY_ID }))
    expect(outcomes).toEqual([{ name: 't', id: DIRECTORY_ID, partitionCount: 2, overrides: new Map([['k', 'v']]) }])
    expect(records.map(({ type }) => type)).toEqual([
      RecordType.topic,
      RecordType.config,
      RecordType.partition,
      RecordType.partition,
    ])
    expect(records[3]).toMatchObject({
      value: {
        partitionId: 1,
        topicId: DIRECTORY_ID,
        replicas: [NODE_ID],
        isr: [NODE_ID],
        leader: NODE_ID,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: [DIRECTORY_ID],
      },
    })
  })

  it.each<[string, Partial<NewTopic>, number]>([
    ['the default count', { numPartitions: -1, replicationFactor: -1 }, 2],
    ['a count', { numPartitions: 5 }, 5],
    ['an assignment', assigned([1, [NODE_ID]], [0, [NODE_ID]]), 2],
  ])('takes %s', (_name, changes, count) => {
    const { outcomes } = createTopics(engine.image, [newTopic('t', changes)], creation())
    expect(outcomes).toMatchObject([{ name: 't', partitionCount: count }])
  })

  it.each<[string, NewTopic, number]>([
    ['a name that exists', newTopic('taken'), ErrorCode.TOPIC_ALREADY_EXISTS],
    ['a name that exists, with a dot', newTopic('a.b'), ErrorCode.TOPIC_ALREADY_EXISTS],
    ['a name that collides', newTopic('a_b'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['an empty name', newTopic(''), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['an illegal name', newTopic('x/y'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['the metadata log', newTopic('__cluster_metadata'), ErrorCode.INVALID_REQUEST],
    ['no partitions', newTopic('t', { numPartitions: 0 }), ErrorCode.INVALID_PARTITIONS],
    ['less than no partitions', newTopic('t', { numPartitions: -2 }), ErrorCode.INVALID_PARTITIONS],
    ['no replicas', newTopic('t', { replicationFactor: 0 }), ErrorCode.INVALID_REPLICATION_FACTOR],
    ['more replicas than brokers', newTopic('t', { replicationFactor: 2 }), ErrorCode.INVALID_REPLICATION_FACTOR],
    ['assignment and count', newTopic('t', { ...assigned([0, [7]]), numPartitions: 1 }), ErrorCode.INVALID_REQUEST],
    [
      'assignment and factor',
      newTopic('t', { ...assigned([0, [7]]), replicationFactor: 1 }),
      ErrorCode.INVALID_REQUEST,
    ],
    ['a hole in the assignment', newTopic('t', assigned([1, [7]])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['a partition twice', newTopic('t', assigned([0, [7]], [0, [7]])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an unknown broker', newTopic('t', assigned([0, [8]])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['a broker twice', newTopic('t', assigned([0, [7, 7]])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['a partition without replicas', newTopic('t', assigned([0, []])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['a bad config', newTopic('t', { configs: [{ name: 'bad', value: '1' }] }), ErrorCode.INVALID_CONFIG],
    ['a config without value', newTopic('t', { configs: [{ name: 'k', value: null }] }), ErrorCode.INVALID_CONFIG],
    ['too many partitions', newTopic('t', { numPartitions: 10_001 }), ErrorCode.POLICY_VIOLATION],
  ])('refuses %s, alone', (_name, wanted, code) => {
    const { records, outcomes } = createTopics(engine.image, [wanted], creation())
    expect(outcomes).toMatchObject([{ name: wanted.name, error: { code } }])
    expect(records).toEqual([])
  })

  it('creates the rest when one is refused', () => {
    const { outcomes } = createTopics(engine.image, [newTopic('taken'), newTopic('free')], creation())
    expect(outcomes).toMatchObject([{ error: { code: ErrorCode.TOPIC_ALREADY_EXISTS } }, { partitionCount: 1 }])
  })

  it('refuses a name given twice with one answer', () => {
    const { records, outcomes } = createTopics(engine.image, [newTopic('t'), newTopic('t')], creation())
    expect(outcomes).toMatchObject([{ name: 't', error: { code: ErrorCode.INVALID_REQUEST } }])
    expect(records).toEqual([])
  })

  it('lets only the first of two colliding new names in', () => {
    const { outcomes } = createTopics(engine.image, [newTopic('c.d'), newTopic('c_d'), newTopic('c-d')], creation())
    expect(outcomes.map(({ error }) => error?.code)).toEqual([undefined, ErrorCode.INVALID_TOPIC_EXCEPTION, undefined])
  })

  it('counts the partitions of all topics against the limit', () => {
    const half = { numPartitions: 5_001 }
    const { outcomes } = createTopics(engine.image, [newTopic('t', half), newTopic('u', half)], creation())
    expect(outcomes.map(({ error }) => error?.code)).toEqual([ErrorCode.POLICY_VIOLATION, ErrorCode.POLICY_VIOLATION])
  })
})

describe('adding partitions', () => {
  const more = (changes: Partial<MorePartitions>): MorePartitions => ({
    name: 'taken',
    count: 4,
    assignments: null,
    ...changes,
  })

  it('goes on where the topic ends', () => {
    const { records, outcomes } = createPartitions(engine.image, [more({ count: 5 })], placement)
    expect(outcomes).toEqual([{ name: 'taken' }])
    expect(records).toMatchObject([{ value: { partitionId: 3 } }, { value: { partitionId: 4 } }])
  })

  it('takes an assignment', () => {
    const request = more({ assignments: [{ brokerIds: [NODE_ID] }] })
    expect(createPartitions(engine.image, [request], placement).records).toHaveLength(1)
  })

  it.each<[string, Partial<MorePartitions>, number]>([
    ['the same count', { count: 3 }, ErrorCode.INVALID_PARTITIONS],
    ['fewer', { count: 2 }, ErrorCode.INVALID_PARTITIONS],
    ['a negative count', { count: -1 }, ErrorCode.INVALID_PARTITIONS],
    ['too many', { count: 10_004 }, ErrorCode.POLICY_VIOLATION],
    ['an unknown topic', { name: 'nope' }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['too few assignments', { assignments: [] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an unknown broker', { assignments: [{ brokerIds: [8] }] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['no broker', { assignments: [{ brokerIds: [] }] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ])('refuses %s', (_name, changes, code) => {
    const { records, outcomes } = createPartitions(engine.image, [more(changes)], placement)
    expect(outcomes).toMatchObject([{ error: { code } }])
    expect(records).toEqual([])
  })

  it('refuses a topic named twice with one answer, and the total above the limit', () => {
    expect(createPartitions(engine.image, [more({}), more({})], placement).outcomes).toMatchObject([
      { name: 'taken', error: { code: ErrorCode.INVALID_REQUEST } },
    ])
    const requests = [more({ count: 6_003 }), more({ name: 'a.b', count: 6_001 })]
    const { records, outcomes } = createPartitions(engine.image, requests, placement)
    expect(outcomes.map(({ error }) => error?.code)).toEqual([undefined, ErrorCode.POLICY_VIOLATION])
    expect(records).toHaveLength(6_000)
  })
})
