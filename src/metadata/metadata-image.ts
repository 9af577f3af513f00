import type { LeaderEpoch, Offset, PartitionId, ProducerId, TopicId } from '../base/ids.ts'
import { PersistentMap } from './persistent-map.ts'

/**
 * The cluster's metadata at one offset of the metadata log, immutable. Handlers
 * answer from an image; only replaying records yields another one, which shares
 * everything that did not change. An image may be kept for as long as one likes.
 */
export class MetadataImage {
  /** Offset after the last record that this image contains. */
  readonly nextOffset: Offset
  readonly clusterId: string
  readonly topics: PersistentMap<TopicImage>
  /** The same topics by id. */
  readonly topicsById: PersistentMap<TopicImage>
  readonly partitionCount: number
  /** Overrides only, by `configKey`. */
  readonly configs: PersistentMap<ConfigImage>
  readonly brokers: ReadonlyMap<number, BrokerImage>
  /** Finalized feature levels, `metadata.version` among them. */
  readonly features: ReadonlyMap<string, number>
  /** First producer id of the next block to hand out. */
  readonly nextProducerId: ProducerId
  /** Values of records that this version does not interpret, in log order: snapshots carry them on. */
  readonly opaqueRecords: readonly Uint8Array[]

  constructor(fields: MetadataImageFields) {
    this.nextOffset = fields.nextOffset
    this.clusterId = fields.clusterId
    this.topics = fields.topics
    this.topicsById = fields.topicsById
    this.partitionCount = fields.partitionCount
    this.configs = fields.configs
    this.brokers = fields.brokers
    this.features = fields.features
    this.nextProducerId = fields.nextProducerId
    this.opaqueRecords = fields.opaqueRecords
  }

  static empty(clusterId: string): MetadataImage {
    return new MetadataImage({
      nextOffset: 0,
      clusterId,
      topics: PersistentMap.empty(),
      topicsById: PersistentMap.empty(),
      partitionCount: 0,
      configs: PersistentMap.empty(),
      brokers: new Map(),
      features: new Map(),
      nextProducerId: 0,
      opaqueRecords: [],
    })
  }

  topic(name: string): TopicImage | undefined {
    return this.topics.get(name)
  }

  topicById(id: TopicId): TopicImage | undefined {
    return this.topicsById.get(id)
  }

  partition(topic: string, partition: PartitionId): PartitionImage | undefined {
    return this.topics.get(topic)?.partitions[partition]
  }

  /** Overrides set on a resource; empty when there are none. */
  configOverrides(type: ConfigResourceType, name: string): ReadonlyMap<string, string> {
    return this.configs.get(configKey(type, name))?.overrides ?? NO_OVERRIDES
  }

  topicConfig(topic: string): ReadonlyMap<string, string> {
    return this.configOverrides(ConfigResourceType.topic, topic)
  }

  brokerConfig(nodeId: number): ReadonlyMap<string, string> {
    return this.configOverrides(ConfigResourceType.broker, String(nodeId))
  }

  /** Dynamic defaults of all brokers. */
  defaultBrokerConfig(): ReadonlyMap<string, string> {
    return this.configOverrides(ConfigResourceType.broker, '')
  }
}

export interface MetadataImageFields {
  readonly nextOffset: Offset
  readonly clusterId: string
  readonly topics: PersistentMap<TopicImage>
  readonly topicsById: PersistentMap<TopicImage>
  readonly partitionCount: number
  readonly configs: PersistentMap<ConfigImage>
  readonly brokers: ReadonlyMap<number, BrokerImage>
  readonly features: ReadonlyMap<string, number>
  readonly nextProducerId: ProducerId
  readonly opaqueRecords: readonly Uint8Array[]
}

export interface TopicImage {
  readonly name: string
  readonly id: TopicId
  /** Indexed by partition id, without holes. */
  readonly partitions: readonly PartitionImage[]
}

export interface PartitionImage {
  readonly partition: PartitionId
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  /** Node id, or -1 when nobody leads. */
  readonly leader: number
  readonly leaderEpoch: LeaderEpoch
  readonly partitionEpoch: number
  readonly leaderRecoveryState: number
  /** Log directory id of each replica, in the order of `replicas`; empty when never assigned. */
  readonly directories: readonly string[]
  /** Eligible leader replicas and the last known ones (KIP-966); null when never recorded. */
  readonly eligibleLeaderReplicas: readonly number[] | null
  readonly lastKnownEligibleLeaderReplicas: readonly number[] | null
}

export interface BrokerImage {
  readonly nodeId: number
  readonly epoch: number
  readonly incarnationId: string
  readonly endpoints: readonly EndpointImage[]
  readonly features: readonly SupportedFeature[]
  readonly rack: string | null
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  readonly logDirectories: readonly string[]
  readonly cordonedLogDirectories: readonly string[] | null
}

export interface EndpointImage {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly securityProtocol: number
}

export interface SupportedFeature {
  readonly name: string
  readonly minSupportedVersion: number
  readonly maxSupportedVersion: number
}

export interface ConfigImage {
  readonly type: ConfigResourceType
  readonly name: string
  readonly overrides: ReadonlyMap<string, string>
}

/** Kafka's config resource types; the numbers are on the wire and on disk. */
export const ConfigResourceType = {
  unknown: 0,
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const
export type ConfigResourceType = number

export function configKey(type: ConfigResourceType, name: string): string {
  return `${type}:${name}`
}

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map()
