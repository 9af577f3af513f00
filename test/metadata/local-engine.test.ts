import { describe, expect, it } from 'vitest'
import {
  bumpLeaderEpochs,
  ConfigResourceType,
  claimLeaderless,
  createTopics,
  METADATA_VERSION,
  MetadataClosed,
  type MetadataDelta,
  type MetadataEngine,
  MetadataNotStored,
  type MetadataRecord,
  RecordType,
} from '../../src/metadata/index.ts'
import { CLUSTER_ID, creation, NODE_ID, newTopic, openEngine, openRegistered, plain } from './builders.ts'
import { FakeMetadataLog } from './fake-metadata-log.ts'
import { kafkaLog } from './kafka-log.ts'

async function create(engine: MetadataEngine, ...names: string[]) {
  return engine.propose((image) => {
    const topics = names.map((name) => newTopic(name, { configs: [{ name: 'k', value: name }] }))
    const { records, outcomes } = createTopics(image, topics, creation())
    return { records, result: outcomes }
  })
}

function setConfig(value: string | null): MetadataRecord {
  return {
    type: RecordType.config,
    value: { resourceType: ConfigResourceType.broker, resourceName: '', name: 'x', value },
  }
}

describe('opening', () => {
  it('starts an empty log with the metadata version, and an existing one with nothing', async () => {
    const log = new FakeMetadataLog()
    const engine = await openEngine(log)
    expect(engine.image.clusterId).toBe(CLUSTER_ID)
    expect([...engine.image.features]).toEqual([['metadata.version', METADATA_VERSION]])
    expect(log.values).toHaveLength(1)
    await openEngine(log)
    expect(log.values).toHaveLength(1)
  })

  it('yields the image that was left', async () => {
    const log = new FakeMetadataLog()
    const engine = await openRegistered(log)
    await create(engine, 'a', 'b', 'c.d')
    await engine.propose((image) => ({
      records: [{ type: RecordType.removeTopic, value: { topicId: image.topic('b')!.id } }],
      result: undefined,
    }))
    const again = await openEngine(log.reopened())
    expect(plain(again.image)).toEqual(plain(engine.image))
    expect(again.image.nextOffset).toBe(log.values.length)
    expect(again.image.topic('b')).toBeUndefined()
    expect(again.image.topicConfig('b').size).toBe(0)
    expect(again.image.topicConfig('c.d').get('k')).toBe('c.d')
  })

  it('reads what Apache Kafka wrote, and takes over the partitions that it left without a leader', async () => {
    const log = new FakeMetadataLog(kafkaLog().map(({ hex }) => Buffer.from(hex, 'hex')))
    const engine = await openEngine(log)
    const { image } = engine
    expect(image.features.get('metadata.version')).toBe(METADATA_VERSION)
    expect(image.topic('__consumer_offsets')?.partitions.length).toBe(4)
    expect(image.topicConfig('__consumer_offsets').get('cleanup.policy')).toBe('compact')
    expect(image.brokers.get(1)).toMatchObject({ fenced: true, inControlledShutdown: true })
    expect(image.partition('t1', 0)).toMatchObject({ leader: -1 })
    expect(image.opaqueRecords).toHaveLength(1)
    const before = image.partition('t1', 0)!
    await engine.propose((current) => ({ records: claimLeaderless(current, 1), result: undefined }))
    expect(engine.image.partition('t1', 0)).toEqual({
      ...before,
      leader: 1,
      leaderEpoch: before.leaderEpoch + 1,
      partitionEpoch: before.partitionEpoch + 1,
    })
    expect(claimLeaderless(engine.image, 1)).toEqual([])
  })

  it('forgets a metadata transaction that was aborted or never ended', async () => {
    const begin = Buffer.from('01170000', 'hex')
    const abort = Buffer.from('01190000', 'hex')
    const end = Buffer.from('01180000', 'hex')
    const feature = (name: string) =>
      Buffer.concat([Buffer.from('010c0002', 'hex'), Buffer.from(name), Buffer.from('000100', 'hex')])
    const values = [begin, feature('a'), abort, begin, feature('b'), end, feature('c'), begin, feature('d')]
    const engine = await openEngine(new FakeMetadataLog(values))
    expect([...engine.image.features.keys()].sort()).toEqual(['b', 'c', 'metadata.version'])
  })

  it('refuses a log that contradicts itself', async () => {
    const log = new FakeMetadataLog()
    await create(await openEngine(log), 'a')
    const [, , ...rest] = log.values
    await expect(openEngine(new FakeMetadataLog(rest))).rejects.toThrow(/inconsistent/)
  })
})

describe('propose', () => {
  it('appends one batch, and shows each proposal what the one before did', async () => {
    const log = new FakeMetadataLog()
    const engine = await openRegistered(log)
    const [first, second] = await Promise.all([create(engine, 'a'), create(engine, 'a')])
    expect(first.result).toMatchObject([{ name: 'a', partitionCount: 1 }])
    expect(second.result).toMatchObject([{ name: 'a', error: { code: 36 } }])
    expect(second.image).toBe(first.image)
    expect(log.batchSizes).toEqual([1, 1, 3])
  })

  it('changes nothing when the append fails, and goes on with the next', async () => {
    const log = new FakeMetadataLog()
    const engine = await openRegistered(log)
    const { image } = engine
    let heard = 0
    engine.subscribe(() => {
      heard++
    })
    log.failNext = new Error('no space')
    const [failed, next] = await Promise.allSettled([create(engine, 'a'), create(engine, 'b')])
    expect(failed).toMatchObject({ status: 'rejected', reason: { cause: { message: 'no space' } } })
    expect((failed as PromiseRejectedResult).reason).toBeInstanceOf(MetadataNotStored)
    expect(next.status).toBe('fulfilled')
    expect(heard).toBe(1)
    expect(image.topics.size).toBe(0)
    expect([...engine.image.topics.values()].map(({ name }) => name)).toEqual(['b'])
  })

  it('rejects with what the build function throws, and with records that contradict the image, without appending', async () => {
    const log = new FakeMetadataLog()
    const engine = await openRegistered(log)
    const appended = log.values.length
    const thrown = engine.propose(() => {
      throw new TypeError('mistake')
    })
    await expect(thrown).rejects.toThrow(TypeError)
    const removal: MetadataRecord = { type: RecordType.removeTopic, value: { topicId: CLUSTER_ID } }
    await expect(engine.propose(() => ({ records: [removal], result: 1 }))).rejects.toThrow(/inconsistent/)
    expect(log.values).toHaveLength(appended)
  })

  it('appends nothing for a proposal without records', async () => {
    const log = new FakeMetadataLog()
    const engine = await openRegistered(log)
    const appended = log.values.length
    const { image, result } = await engine.propose(() => ({ records: [], result: 'seen' }))
    expect(result).toBe('seen')
    expect(image).toBe(engine.image)
    expect(log.values).toHaveLength(appended)
  })

  it('shares what did not change between images', async () => {
    const engine = await openRegistered()
    await create(engine, 'a', 'b')
    const before = engine.image
    await engine.propose(() => ({ records: [setConfig('1')], result: undefined }))
    expect(engine.image.topic('a')).toBe(before.topic('a'))
    await engine.propose((image) => ({
      records: [{ type: RecordType.removeTopic, value: { topicId: image.topic('a')!.id } }],
      result: undefined,
    }))
    expect(engine.image.topic('b')).toBe(before.topic('b'))
    expect(before.topic('a')).toBeDefined()
  })

  it('takes no proposals once closed, after finishing those it has', async () => {
    const engine = await openRegistered()
    const running = create(engine, 'a')
    await engine.close()
    await expect(running).resolves.toBeDefined()
    await expect(create(engine, 'b')).rejects.toThrow(MetadataClosed)
  })
})

describe('listeners', () => {
  it('are told both images and the difference, awaited in turn, before the image is published', async () => {
    const engine = await openRegistered()
    const { image: start } = engine
    const order: string[] = []
    const deltas: MetadataDelta[] = []
    engine.subscribe(async (image, previous, delta) => {
      await Promise.resolve()
      expect(previous).toBe(start)
      expect(engine.image).toBe(start)
      expect(image.topics.size).toBe(1)
      deltas.push(delta)
      order.push('first')
    })
    engine.subscribe(() => {
      order.push('second')
    })
    const { image } = await create(engine, 'a')
    expect(order).toEqual(['first', 'second'])
    expect(engine.image).toBe(image)
    expect([...deltas[0]!.topics]).toEqual([image.topic('a')!.id])
    expect(deltas[0]!.configs).toMatchObject([{ type: ConfigResourceType.topic, name: 'a' }])
    expect(deltas[0]!.brokers.size).toBe(0)
  })

  it('cannot undo a change by failing: proposer and other listeners hear of both', async () => {
    const engine = await openRegistered()
    let heard = 0
    engine.subscribe(() => Promise.reject(new Error('no directory')))
    engine.subscribe(() => {
      heard++
    })
    await expect(create(engine, 'a')).rejects.toThrow('no directory')
    expect(engine.image.topic('a')).toBeDefined()
    expect(heard).toBe(1)
  })

  it('hear nothing after they left', async () => {
    const engine = await openRegistered()
    let heard = 0
    const leave = engine.subscribe(() => {
      heard++
    })
    leave()
    await create(engine, 'a')
    expect(heard).toBe(0)
  })

  it('learn of configs that go with their topic', async () => {
    const engine = await openRegistered()
    await create(engine, 'a')
    const configs: MetadataDelta['configs'][] = []
    engine.subscribe((_image, _previous, delta) => {
      configs.push(delta.configs)
    })
    await engine.propose((image) => ({
      records: [{ type: RecordType.removeTopic, value: { topicId: image.topic('a')!.id } }],
      result: undefined,
    }))
    expect(configs).toEqual([[{ type: ConfigResourceType.topic, name: 'a', overrides: new Map() }]])
  })
})

describe('snapshots', () => {
  it('are taken when enough was logged, and stand for all before them', async () => {
    const log = new FakeMetadataLog()
    const engine = await openEngine(log, 200)
    await create(engine, 'a', 'b', 'c')
    await engine.propose(() => ({ records: [setConfig('1')], result: undefined }))
    await engine.close()
    expect(log.snapshot).toBeDefined()
    // The bytes below the snapshot are not needed any more.
    const { endOffset } = log.snapshot!
    for (let offset = 0; offset < endOffset; offset++) log.values[offset] = Buffer.alloc(0)
    const again = await openEngine(log.reopened())
    expect(plain(again.image)).toEqual(plain(engine.image))
    expect(again.image.nextOffset).toBe(log.values.length)
  })

  it('carry on what this version does not interpret', async () => {
    const log = new FakeMetadataLog(kafkaLog().map(({ hex }) => Buffer.from(hex, 'hex')))
    const engine = await openEngine(log, 1)
    await engine.propose(() => ({ records: [setConfig('1')], result: undefined }))
    await engine.close()
    expect(log.snapshot?.endOffset).toBe(log.values.length)
    const again = await openEngine(log.reopened())
    expect(plain(again.image)).toEqual(plain(engine.image))
    expect(again.image.opaqueRecords).toHaveLength(1)
  })

  it('that cannot be written stop nothing', async () => {
    const log = new FakeMetadataLog()
    log.failSnapshot = new Error('no space')
    const engine = await openEngine(log, 1)
    await create(engine, 'a')
    await create(engine, 'b')
    expect(engine.image.topics.size).toBe(2)
  })
})

it('starts a new leader epoch for every partition that a broker leads', async () => {
  const engine = await openRegistered()
  await create(engine, 'a', 'b')
  await engine.propose((image) => ({ records: bumpLeaderEpochs(image, NODE_ID + 1), result: undefined }))
  expect(engine.image.partition('a', 0)?.leaderEpoch).toBe(0)
  await engine.propose((image) => ({ records: bumpLeaderEpochs(image, NODE_ID), result: undefined }))
  for (const name of ['a', 'b']) {
    expect(engine.image.partition(name, 0)).toMatchObject({ leader: NODE_ID, leaderEpoch: 1, partitionEpoch: 1 })
  }
})

it('registers a broker under an epoch that rises with every start', async () => {
  const log = new FakeMetadataLog()
  const first = await openRegistered(log)
  const second = await openRegistered(log.reopened())
  const epochs = [first, second].map((engine) => engine.image.brokers.get(NODE_ID)!.epoch)
  expect(epochs[0]).toBe(1)
  expect(epochs[1]).toBeGreaterThan(epochs[0]!)
})
