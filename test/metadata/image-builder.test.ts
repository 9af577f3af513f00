import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ImageBuilder } from '../../src/metadata/image-builder.ts'
import { CorruptMetadata, MetadataImage } from '../../src/metadata/index.ts'
import { decodeRecord, type ImageRecord, RecordType } from '../../src/metadata/metadata-records.ts'
import { snapshotRecords } from '../../src/metadata/metadata-snapshot.ts'
import { newPartitionRecord } from '../../src/metadata/partition-placement.ts'
import { Reader } from '../../src/protocol/index.ts'
import { CLUSTER_ID, DIRECTORY_ID, NODE_ID, plain } from './builders.ts'

/*
 * Invariants, over any sequence of legal changes, split into proposals anywhere:
 *   1. the image equals a model that keeps topics and configs in plain maps;
 *   2. a topic is found by name if and only if it is found by id, as the same object;
 *   3. the delta names exactly the topics that differ;
 *   4. the records of a snapshot, replayed onto nothing, yield the same image.
 */
type Change =
  | { kind: 'create'; name: number; partitions: number }
  | { kind: 'remove'; name: number }
  | { kind: 'extend'; name: number }
  | { kind: 'lead'; name: number }
  | { kind: 'config'; name: number; value: number }

const name = fc.integer({ min: 0, max: 5 })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), name, partitions: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('extend' as const), name }),
  fc.record({ kind: fc.constant('lead' as const), name }),
  fc.record({ kind: fc.constant('config' as const), name, value: fc.integer({ min: 0, max: 2 }) }),
)

const placement = { nodeId: NODE_ID, directoryId: DIRECTORY_ID }

class Model {
  readonly topics = new Map<string, { id: string; epochs: number[] }>()
  readonly configs = new Map<string, string>()
  #created = 0

  /** Records that make the change, or none when it cannot be made now. */
  apply(change: Change): ImageRecord[] {
    const topicName = `t${change.name}`
    const topic = this.topics.get(topicName)
    if (change.kind === 'create') return topic === undefined ? this.#create(topicName, change.partitions) : []
    if (topic === undefined) return []
    switch (change.kind) {
      case 'remove':
        this.topics.delete(topicName)
        this.configs.delete(topicName)
        return [{ type: RecordType.removeTopic, value: { topicId: topic.id } }]
      case 'extend':
        topic.epochs.push(0)
        return [newPartitionRecord(topic.id, topic.epochs.length - 1, placement)]
      case 'lead':
        return topic.epochs.map((_epoch, index) => this.#lead(topic, index))
      case 'config':
        return [this.#config(topicName, change.value)]
    }
  }

  #create(topicName: string, partitions: number): ImageRecord[] {
    const id = Buffer.from(String(this.#created++).padStart(16, '0')).toString('base64url')
    this.topics.set(topicName, { id, epochs: new Array<number>(partitions).fill(0) })
    const records: ImageRecord[] = [{ type: RecordType.topic, value: { name: topicName, topicId: id } }]
    for (let index = 0; index < partitions; index++) records.push(newPartitionRecord(id, index, placement))
    return records
  }

  #lead(topic: { id: string; epochs: number[] }, index: number): ImageRecord {
    topic.epochs[index]!++
    return {
      type: RecordType.partitionChange,
      value: { ...UNCHANGED, partitionId: index, topicId: topic.id, leader: NODE_ID },
    }
  }

  #config(topicName: string, number: number): ImageRecord {
    const value = number === 0 ? null : String(number)
    if (value === null) this.configs.delete(topicName)
    else this.configs.set(topicName, value)
    return { type: RecordType.config, value: { resourceType: 2, resourceName: topicName, name: 'k', value } }
  }
}

const UNCHANGED = {
  isr: null,
  replicas: null,
  removingReplicas: null,
  addingReplicas: null,
  leaderRecoveryState: -1,
  directories: null,
  eligibleLeaderReplicas: null,
  lastKnownElr: null,
}

function expectModel(image: MetadataImage, model: Model): void {
  expect(image.topics.size).toBe(model.topics.size)
  expect(image.topicsById.size).toBe(model.topics.size)
  let partitions = 0
  for (const [topicName, { id, epochs }] of model.topics) {
    const topic = image.topic(topicName)
    expect(topic?.id).toBe(id)
    expect(image.topicById(id)).toBe(topic)
    expect(topic?.partitions.map(({ leaderEpoch }) => leaderEpoch)).toEqual(epochs)
    expect(topic?.partitions.map(({ partition }) => partition)).toEqual(epochs.map((_epoch, index) => index))
    const value = model.configs.get(topicName)
    expect([...image.topicConfig(topicName)]).toEqual(value === undefined ? [] : [['k', value]])
    partitions += epochs.length
  }
  expect(image.partitionCount).toBe(partitions)
}

function fromSnapshot(image: MetadataImage): MetadataImage {
  const builder = new ImageBuilder(MetadataImage.empty(CLUSTER_ID))
  const reader = new Reader()
  for (const value of snapshotRecords(image)) {
    const record = decodeRecord(Buffer.from(value), reader)
    if (record.type >= 0 && 'value' in record) builder.replay(record as ImageRecord)
  }
  return builder.finish().image
}

describe('replay', () => {
  it('equals the model', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 8 }), (proposals) => {
        const model = new Model()
        let image = MetadataImage.empty(CLUSTER_ID)
        for (const proposal of proposals) {
          const builder = new ImageBuilder(image)
          for (const each of proposal) for (const record of model.apply(each)) builder.replay(record)
          const next = builder.finish()
          for (const { id } of [...image.topicsById.values(), ...next.image.topicsById.values()]) {
            const differs = image.topicById(id) !== next.image.topicById(id)
            expect(next.delta.topics.has(id)).toBe(differs)
          }
          image = next.image
          expectModel(image, model)
        }
        expect(plain(fromSnapshot(image))).toEqual(plain(image))
      }),
    )
  })

  const id = DIRECTORY_ID
  const topic: ImageRecord = { type: RecordType.topic, value: { name: 'a', topicId: id } }
  it.each<[string, ImageRecord[]]>([
    ['a topic name that is taken', [topic, { type: RecordType.topic, value: { name: 'a', topicId: CLUSTER_ID } }]],
    ['a topic id that is taken', [topic, { type: RecordType.topic, value: { name: 'b', topicId: id } }]],
    ['a partition of no topic', [newPartitionRecord(id, 0, placement)]],
    ['a partition behind a hole', [topic, newPartitionRecord(id, 1, placement)]],
    [
      'a change of no partition',
      [topic, { type: RecordType.partitionChange, value: { ...UNCHANGED, partitionId: 0, topicId: id, leader: 1 } }],
    ],
    ['the removal of no topic', [{ type: RecordType.removeTopic, value: { topicId: id } }]],
    ['the fencing of no broker', [{ type: RecordType.fenceBroker, value: { id: 1, epoch: 1 } }]],
  ])('refuses %s', (_name, records) => {
    const builder = new ImageBuilder(MetadataImage.empty(CLUSTER_ID))
    expect(() => {
      for (const record of records) builder.replay(record)
    }).toThrow(CorruptMetadata)
  })

  it('follows a broker through registration, fencing and unregistration', () => {
    const registration: ImageRecord = {
      type: RecordType.registerBroker,
      value: {
        brokerId: 3,
        isMigratingZkBroker: false,
        incarnationId: CLUSTER_ID,
        brokerEpoch: 5,
        endPoints: [],
        features: [],
        rack: 'r',
        fenced: true,
        inControlledShutdown: false,
        logDirs: [DIRECTORY_ID],
        cordonedLogDirs: null,
      },
    }
    const brokerAfter = (...records: ImageRecord[]) => {
      const builder = new ImageBuilder(MetadataImage.empty(CLUSTER_ID))
      for (const record of [registration, ...records]) builder.replay(record)
      const { image, delta } = builder.finish()
      expect([...delta.brokers]).toEqual([3])
      return image.brokers.get(3)
    }
    const registered = brokerAfter()
    expect(registered).toMatchObject({ nodeId: 3, epoch: 5, fenced: true, rack: 'r', logDirectories: [DIRECTORY_ID] })
    const unfence: ImageRecord = { type: RecordType.unfenceBroker, value: { id: 3, epoch: 5 } }
    expect(brokerAfter(unfence)).toEqual({ ...registered, fenced: false })
    expect(brokerAfter(unfence, { type: RecordType.fenceBroker, value: { id: 3, epoch: 5 } })).toEqual(registered)
    expect(brokerAfter({ type: RecordType.unregisterBroker, value: { brokerId: 3, brokerEpoch: 5 } })).toBeUndefined()
  })
})
