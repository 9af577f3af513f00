import type { EndpointImage, MetadataImage } from './metadata-image.ts'
import { METADATA_VERSION, type MetadataRecord, RecordType } from './metadata-records.ts'

/** A broker that starts: who it is and where it listens. */
export interface BrokerRegistration {
  readonly nodeId: number
  /** New with every start. */
  readonly incarnationId: string
  readonly endpoints: readonly EndpointImage[]
  readonly rack: string | null
  /** Id of each log directory. */
  readonly logDirectories: readonly string[]
}

/** Registers a broker as alive. Its epoch is the offset of the record, so it rises with every start. */
export function registerBroker(image: MetadataImage, registration: BrokerRegistration): MetadataRecord[] {
  const metadataVersion = { name: 'metadata.version', minSupportedVersion: METADATA_VERSION_MIN }
  return [
    {
      type: RecordType.registerBroker,
      value: {
        brokerId: registration.nodeId,
        isMigratingZkBroker: false,
        incarnationId: registration.incarnationId,
        brokerEpoch: image.nextOffset,
        endPoints: registration.endpoints.map((endpoint) => ({ ...endpoint })),
        features: [{ ...metadataVersion, maxSupportedVersion: METADATA_VERSION }],
        rack: registration.rack,
        fenced: false,
        inControlledShutdown: false,
        logDirs: [...registration.logDirectories],
        cordonedLogDirs: null,
      },
    },
  ]
}

/**
 * A new leader epoch for every partition that the broker leads, due after an
 * unclean stop: what was cut from the log must not be taken for what is written
 * from now on.
 */
export function bumpLeaderEpochs(image: MetadataImage, nodeId: number): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const topic of image.topics.values()) {
    for (const partition of topic.partitions) {
      if (partition.leader !== nodeId) continue
      records.push(leaderChange(topic.id, partition.partition, nodeId))
    }
  }
  return records
}

/**
 * Makes the broker the leader of its partitions that have none. Apache Kafka
 * leaves a stopped node's partitions like that, so a data directory of its is
 * taken over by this.
 */
export function claimLeaderless(image: MetadataImage, nodeId: number): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const topic of image.topics.values()) {
    for (const { partition, leader, replicas } of topic.partitions) {
      if (leader === NO_LEADER && replicas.includes(nodeId)) records.push(leaderChange(topic.id, partition, nodeId))
    }
  }
  return records
}

function leaderChange(topicId: string, partitionId: number, leader: number): MetadataRecord {
  return {
    type: RecordType.partitionChange,
    value: {
      partitionId,
      topicId,
      isr: null,
      leader,
      replicas: null,
      removingReplicas: null,
      addingReplicas: null,
      leaderRecoveryState: -1,
      directories: null,
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  }
}

const NO_LEADER = -1
/** Kafka 3.3: the oldest metadata.version of which every record can be read here. */
const METADATA_VERSION_MIN = 7
