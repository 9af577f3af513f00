import { randomBytes } from 'node:crypto'
import { silentLogger } from '../../src/base/logger.ts'
import {
  type ConfigRules,
  type CreateTopicsContext,
  type MetadataEngine,
  type MetadataImage,
  type NewTopic,
  openLocalEngine,
  type PartitionImage,
  randomUuid,
  registerBroker,
} from '../../src/metadata/index.ts'
import { FakeMetadataLog } from './fake-metadata-log.ts'

export const NODE_ID = 7
export const DIRECTORY_ID = 'AAAAAAAAQACAAAAAAAAAAg'
export const CLUSTER_ID = 'AAAAAAAAQACAAAAAAAAAAQ'

/** Everything goes, except a config named "bad"; "list" is a list that starts as "a,b". */
export const lenientRules: ConfigRules = {
  isList: (name) => name === 'list',
  valueWithoutOverride: (name) => (name === 'list' ? 'a,b' : undefined),
  problem: (overrides) => (overrides.has('bad') ? 'bad is bad' : undefined),
}

export function creation(changes: Partial<CreateTopicsContext> = {}): CreateTopicsContext {
  return {
    placement: { nodeId: NODE_ID, directoryId: DIRECTORY_ID },
    defaultPartitions: 2,
    configRules: lenientRules,
    newTopicId: () => randomUuid(randomBytes),
    ...changes,
  }
}

export function newTopic(name: string, changes: Partial<NewTopic> = {}): NewTopic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...changes }
}

export function openEngine(
  log: FakeMetadataLog = new FakeMetadataLog(),
  snapshotBytesMin = 1e9,
): Promise<MetadataEngine> {
  return openLocalEngine({ log, clusterId: CLUSTER_ID, logger: silentLogger, random: randomBytes, snapshotBytesMin })
}

/** An engine on which this broker is registered. */
export async function openRegistered(log?: FakeMetadataLog): Promise<MetadataEngine> {
  const engine = await openEngine(log)
  await engine.propose((image) => ({
    records: registerBroker(image, {
      nodeId: NODE_ID,
      incarnationId: randomUuid(randomBytes),
      endpoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
      rack: null,
      logDirectories: [DIRECTORY_ID],
    }),
    result: undefined,
  }))
  return engine
}

/** An image as plain data, in an order of its own, for comparing. */
export function plain(image: MetadataImage) {
  const topics = [...image.topics.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
  const configs = [...image.configs.entries()].sort(([left], [right]) => (left < right ? -1 : 1))
  return {
    topics: topics.map(({ name, id, partitions }) => ({ name, id, partitions: partitions.map(plainPartition) })),
    ids: [...image.topicsById.entries()].map(([id, { name }]) => `${id} ${name}`).sort(),
    partitionCount: image.partitionCount,
    configs: configs.map(([key, { overrides }]) => [key, [...overrides].sort()]),
    brokers: [...image.brokers.values()],
    features: [...image.features].sort(),
    nextProducerId: image.nextProducerId,
    opaque: image.opaqueRecords.map((bytes) => Buffer.from(bytes).toString('hex')),
  }
}

function plainPartition(partition: PartitionImage) {
  return { ...partition }
}
