import type { MetadataImage, PartitionImage, TopicImage } from './metadata-image.ts'
import { encodeRecord, type ImageRecord, RecordType } from './metadata-records.ts'

/**
 * An image as records: replayed onto nothing they yield the same image. The
 * metadata.version comes first, as every reader of the format expects.
 */
export function* snapshotRecords(image: MetadataImage): Generator<Uint8Array> {
  for (const record of imageRecords(image)) yield encodeRecord(record)
  yield* image.opaqueRecords
}

function* imageRecords(image: MetadataImage): Generator<ImageRecord> {
  yield* featureRecords(image)
  for (const broker of image.brokers.values()) {
    yield {
      type: RecordType.registerBroker,
      value: {
        brokerId: broker.nodeId,
        isMigratingZkBroker: false,
        incarnationId: broker.incarnationId,
        brokerEpoch: broker.epoch,
        endPoints: [...broker.endpoints],
        features: [...broker.features],
        rack: broker.rack,
        fenced: broker.fenced,
        inControlledShutdown: broker.inControlledShutdown,
        logDirs: [...broker.logDirectories],
        cordonedLogDirs: broker.cordonedLogDirectories === null ? null : [...broker.cordonedLogDirectories],
      },
    }
  }
  for (const topic of image.topics.values()) yield* topicRecords(topic)
  for (const config of image.configs.values()) {
    for (const [name, value] of config.overrides) {
      yield {
        type: RecordType.config,
        value: { resourceType: config.type, resourceName: config.name, name, value },
      }
    }
  }
  yield {
    type: RecordType.producerIds,
    value: { brokerId: -1, brokerEpoch: -1, nextProducerId: image.nextProducerId },
  }
}

function* featureRecords(image: MetadataImage): Generator<ImageRecord> {
  const first = 'metadata.version'
  const rest = [...image.features].filter(([name]) => name !== first)
  const level = image.features.get(first)
  const ordered = level === undefined ? rest : [[first, level] as const, ...rest]
  for (const [name, featureLevel] of ordered) yield { type: RecordType.featureLevel, value: { name, featureLevel } }
}

function* topicRecords(topic: TopicImage): Generator<ImageRecord> {
  yield { type: RecordType.topic, value: { name: topic.name, topicId: topic.id } }
  for (const partition of topic.partitions) yield partitionRecordOf(topic, partition)
}

function partitionRecordOf(topic: TopicImage, partition: PartitionImage): ImageRecord {
  return {
    type: RecordType.partition,
    value: {
      partitionId: partition.partition,
      topicId: topic.id,
      replicas: [...partition.replicas],
      isr: [...partition.isr],
      removingReplicas: [...partition.removingReplicas],
      addingReplicas: [...partition.addingReplicas],
      leader: partition.leader,
      leaderRecoveryState: partition.leaderRecoveryState,
      leaderEpoch: partition.leaderEpoch,
      partitionEpoch: partition.partitionEpoch,
      directories: [...partition.directories],
      eligibleLeaderReplicas: copyOf(partition.eligibleLeaderReplicas),
      lastKnownElr: copyOf(partition.lastKnownEligibleLeaderReplicas),
    },
  }
}

function copyOf(numbers: readonly number[] | null): number[] | null {
  return numbers === null ? null : [...numbers]
}
