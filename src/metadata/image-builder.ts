import { assert } from '../base/assert.ts'
import type { Offset, TopicId } from '../base/ids.ts'
import type { MetadataDelta } from './metadata-engine.ts'
import {
  type BrokerImage,
  type ConfigImage,
  ConfigResourceType,
  configKey,
  MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './metadata-image.ts'
import { type ImageRecord, type OpaqueRecord, RecordType, type RecordValue } from './metadata-records.ts'
import type { PersistentMapDraft } from './persistent-map.ts'

type BrokerRecordType =
  | typeof RecordType.registerBroker
  | typeof RecordType.unregisterBroker
  | typeof RecordType.brokerRegistrationChange
  | typeof RecordType.fenceBroker
  | typeof RecordType.unfenceBroker

interface TopicDraft {
  readonly name: string
  readonly id: TopicId
  readonly partitions: PartitionImage[]
}

/**
 * Replays records onto an image: the only way an image comes to be. Work is
 * proportional to what the records touch; a topic's partitions are copied once
 * per builder, not once per record. A record that contradicts the image (a
 * partition of a topic that does not exist) throws CorruptMetadata: such a log
 * was not written by a metadata engine.
 */
export class ImageBuilder {
  readonly #base: MetadataImage
  readonly #topics: PersistentMapDraft<TopicImage>
  readonly #topicsById: PersistentMapDraft<TopicImage>
  readonly #configs: PersistentMapDraft<ConfigImage>
  readonly #brokers: Map<number, BrokerImage>
  readonly #features: Map<string, number>
  readonly #opaqueRecords: Uint8Array[]
  readonly #topicDrafts = new Map<TopicId, TopicDraft>()
  readonly #changedTopics = new Set<TopicId>()
  readonly #changedConfigs = new Map<string, ConfigImage>()
  readonly #changedBrokers = new Set<number>()
  #featuresChanged = false
  #partitionCount: number
  #nextProducerId: number
  #nextOffset: Offset

  constructor(base: MetadataImage) {
    this.#base = base
    this.#topics = base.topics.edit()
    this.#topicsById = base.topicsById.edit()
    this.#configs = base.configs.edit()
    this.#brokers = new Map(base.brokers)
    this.#features = new Map(base.features)
    this.#opaqueRecords = [...base.opaqueRecords]
    this.#partitionCount = base.partitionCount
    this.#nextProducerId = base.nextProducerId
    this.#nextOffset = base.nextOffset
  }

  replay(record: ImageRecord | OpaqueRecord): void {
    switch (record.type) {
      case RecordType.topic:
        return this.#createTopic(record.value)
      case RecordType.partition:
        return this.#putPartition(record.value)
      case RecordType.partitionChange:
        return this.#changePartition(record.value)
      case RecordType.removeTopic:
        return this.#removeTopic(record.value.topicId)
      case RecordType.config:
        return this.#setConfig(record.value)
      case RecordType.producerIds:
        this.#nextProducerId = record.value.nextProducerId
        return
      case RecordType.featureLevel:
        return this.#setFeature(record.value.name, record.value.featureLevel)
      case RecordType.opaque:
        this.#opaqueRecords.push(Uint8Array.prototype.slice.call(record.value))
        return
      default:
        return this.#replayBroker(record)
    }
  }

  /** Records up to here, exclusive, are in the image. */
  advanceTo(nextOffset: Offset): void {
    assert(nextOffset >= this.#nextOffset, 'metadata offsets only rise')
    this.#nextOffset = nextOffset
  }

  finish(): { image: MetadataImage; delta: MetadataDelta } {
    for (const draft of this.#topicDrafts.values()) this.#putTopic(draft)
    const image = new MetadataImage({
      nextOffset: this.#nextOffset,
      clusterId: this.#base.clusterId,
      topics: this.#topics.finish(),
      topicsById: this.#topicsById.finish(),
      partitionCount: this.#partitionCount,
      configs: this.#configs.finish(),
      brokers: this.#brokers,
      features: this.#features,
      nextProducerId: this.#nextProducerId,
      opaqueRecords: this.#opaqueRecords,
    })
    const delta: MetadataDelta = {
      topics: this.#changedTopics,
      configs: [...this.#changedConfigs.values()],
      brokers: this.#changedBrokers,
      featuresChanged: this.#featuresChanged,
    }
    return { image, delta }
  }

  #createTopic(value: RecordValue<typeof RecordType.topic>): void {
    if (this.#topicsById.get(value.topicId) !== undefined)
      throw new CorruptMetadata(`topic id ${value.topicId} is used twice`)
    const present = this.#topics.get(value.name)
    if (present !== undefined)
      throw new CorruptMetadata(`topic ${value.name} is created while ${present.id} has that name`)
    const draft: TopicDraft = { name: value.name, id: value.topicId, partitions: [] }
    this.#topicDrafts.set(draft.id, draft)
    this.#putTopic(draft)
    this.#changedTopics.add(draft.id)
  }

  #putPartition(value: RecordValue<typeof RecordType.partition>): void {
    const draft = this.#draftOf(value.topicId)
    const before = draft.partitions[value.partitionId]
    if (before === undefined) {
      if (value.partitionId !== draft.partitions.length) {
        throw new CorruptMetadata(
          `partition ${draft.name}-${value.partitionId} follows ${draft.partitions.length} others`,
        )
      }
      this.#partitionCount++
    }
    draft.partitions[value.partitionId] = {
      partition: value.partitionId,
      replicas: value.replicas,
      isr: sameNumbers(value.replicas, value.isr) ? value.replicas : value.isr,
      removingReplicas: value.removingReplicas,
      addingReplicas: value.addingReplicas,
      leader: value.leader,
      leaderEpoch: value.leaderEpoch,
      partitionEpoch: value.partitionEpoch,
      leaderRecoveryState: value.leaderRecoveryState,
      directories: value.directories,
      eligibleLeaderReplicas: value.eligibleLeaderReplicas,
      lastKnownEligibleLeaderReplicas: value.lastKnownElr,
    }
  }

  #changePartition(value: RecordValue<typeof RecordType.partitionChange>): void {
    const draft = this.#draftOf(value.topicId)
    const before = draft.partitions[value.partitionId]
    if (before === undefined)
      throw new CorruptMetadata(`change of ${draft.name}-${value.partitionId}, which does not exist`)
    draft.partitions[value.partitionId] = changedPartition(before, value)
  }

  #removeTopic(id: TopicId): void {
    const topic = this.#topicDrafts.get(id) ?? this.#topicsById.get(id)
    if (topic === undefined) throw new CorruptMetadata(`removal of topic id ${id}, which does not exist`)
    this.#partitionCount -= topic.partitions.length
    this.#topicDrafts.delete(id)
    this.#topics.delete(topic.name)
    this.#topicsById.delete(id)
    this.#changedTopics.add(id)
    const hadConfig = this.#configs.get(configKey(ConfigResourceType.topic, topic.name)) !== undefined
    if (hadConfig) this.#putConfig({ type: ConfigResourceType.topic, name: topic.name, overrides: new Map() })
  }

  #setConfig(value: RecordValue<typeof RecordType.config>): void {
    const { resourceType: type, resourceName: name } = value
    const overrides = new Map(this.#configs.get(configKey(type, name))?.overrides)
    if (value.value === null) overrides.delete(value.name)
    else overrides.set(value.name, value.value)
    this.#putConfig({ type, name, overrides })
  }

  #putConfig(config: ConfigImage): void {
    const key = configKey(config.type, config.name)
    if (config.overrides.size === 0) this.#configs.delete(key)
    else this.#configs.set(key, config)
    this.#changedConfigs.set(key, config)
  }

  #setFeature(name: string, level: number): void {
    if (level === 0) this.#features.delete(name)
    else this.#features.set(name, level)
    this.#featuresChanged = true
  }

  #replayBroker(record: ImageRecord<BrokerRecordType>): void {
    switch (record.type) {
      case RecordType.registerBroker:
        return this.#putBroker(registeredBroker(record.value))
      case RecordType.brokerRegistrationChange:
        return this.#changeBroker(record.value)
      case RecordType.fenceBroker:
        return this.#putBroker({ ...this.#brokerOf(record.value.id), fenced: true })
      case RecordType.unfenceBroker:
        return this.#putBroker({ ...this.#brokerOf(record.value.id), fenced: false })
      case RecordType.unregisterBroker:
        this.#brokers.delete(record.value.brokerId)
        this.#changedBrokers.add(record.value.brokerId)
        return
    }
  }

  #changeBroker(value: RecordValue<typeof RecordType.brokerRegistrationChange>): void {
    const before = this.#brokerOf(value.brokerId)
    this.#putBroker({
      ...before,
      fenced: value.fenced === 0 ? before.fenced : value.fenced === 1,
      inControlledShutdown: value.inControlledShutdown === 0 ? before.inControlledShutdown : true,
      logDirectories: value.logDirs.length === 0 ? before.logDirectories : value.logDirs,
      cordonedLogDirectories: value.cordonedLogDirs ?? before.cordonedLogDirectories,
    })
  }

  #brokerOf(nodeId: number): BrokerImage {
    const broker = this.#brokers.get(nodeId)
    if (broker === undefined) throw new CorruptMetadata(`change of broker ${nodeId}, which is not registered`)
    return broker
  }

  #putBroker(broker: BrokerImage): void {
    this.#brokers.set(broker.nodeId, broker)
    this.#changedBrokers.add(broker.nodeId)
  }

  #draftOf(id: TopicId): TopicDraft {
    const drafted = this.#topicDrafts.get(id)
    if (drafted !== undefined) return drafted
    const topic = this.#topicsById.get(id)
    if (topic === undefined) throw new CorruptMetadata(`a partition of topic id ${id}, which does not exist`)
    const draft: TopicDraft = { name: topic.name, id, partitions: [...topic.partitions] }
    this.#topicDrafts.set(id, draft)
    this.#changedTopics.add(id)
    return draft
  }

  #putTopic(draft: TopicDraft): void {
    this.#topics.set(draft.name, draft)
    this.#topicsById.set(draft.id, draft)
  }
}

/** The metadata log says something impossible. */
export class CorruptMetadata extends Error {
  override readonly name = 'CorruptMetadata'
  readonly code = 'SLUICE_CORRUPT_METADATA'
  constructor(what: string) {
    super(
      `The metadata log is inconsistent: ${what}. It was damaged or edited; restore the data directory from a copy.`,
    )
  }
}

function changedPartition(
  before: PartitionImage,
  value: RecordValue<typeof RecordType.partitionChange>,
): PartitionImage {
  const leaderChanged = value.leader !== LEADER_UNCHANGED
  // Kafka's rule: naming a leader, even the same one, starts a new epoch.
  const recoveryState = value.leaderRecoveryState
  return {
    partition: before.partition,
    replicas: value.replicas ?? before.replicas,
    isr: value.isr ?? before.isr,
    removingReplicas: value.removingReplicas ?? before.removingReplicas,
    addingReplicas: value.addingReplicas ?? before.addingReplicas,
    leader: leaderChanged ? value.leader : before.leader,
    leaderEpoch: before.leaderEpoch + (leaderChanged ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1,
    leaderRecoveryState: recoveryState === RECOVERY_STATE_UNCHANGED ? before.leaderRecoveryState : recoveryState,
    directories: value.directories ?? before.directories,
    eligibleLeaderReplicas: value.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
    lastKnownEligibleLeaderReplicas: value.lastKnownElr ?? before.lastKnownEligibleLeaderReplicas,
  }
}

function registeredBroker(value: RecordValue<typeof RecordType.registerBroker>): BrokerImage {
  return {
    nodeId: value.brokerId,
    epoch: value.brokerEpoch,
    incarnationId: value.incarnationId,
    endpoints: value.endPoints,
    features: value.features,
    rack: value.rack,
    fenced: value.fenced,
    inControlledShutdown: value.inControlledShutdown,
    logDirectories: value.logDirs,
    cordonedLogDirectories: value.cordonedLogDirs,
  }
}

function sameNumbers(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((each, index) => each === right[index])
}

const LEADER_UNCHANGED = -2
const RECOVERY_STATE_UNCHANGED = -1
