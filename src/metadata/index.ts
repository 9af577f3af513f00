export type { BrokerRegistration } from './broker-registration.ts'
export { bumpLeaderEpochs, claimLeaderless, registerBroker } from './broker-registration.ts'
export type { ConfigChange, ConfigOutcome, ConfigResource, ConfigRules } from './config-changes.ts'
export { ConfigOperation, changeConfigs, configRecord, replaceConfigs } from './config-changes.ts'
export type { MorePartitions, MorePartitionsOutcome } from './create-partitions.ts'
export { createPartitions } from './create-partitions.ts'
export type { CreateTopicsContext, NewTopic, NewTopicOutcome } from './create-topics.ts'
export { createTopics } from './create-topics.ts'
export { CorruptMetadata } from './image-builder.ts'
export type { LocalEngineOptions } from './local-engine.ts'
export { MetadataClosed, MetadataNotStored, openLocalEngine } from './local-engine.ts'
export type {
  AppendedRange,
  Committed,
  MetadataDelta,
  MetadataEngine,
  MetadataListener,
  MetadataLogPort,
  Proposal,
} from './metadata-engine.ts'
export type {
  BrokerImage,
  ConfigImage,
  EndpointImage,
  PartitionImage,
  SupportedFeature,
  TopicImage,
} from './metadata-image.ts'
export { ConfigResourceType, MetadataImage } from './metadata-image.ts'
export type { MetadataRecord } from './metadata-records.ts'
export { METADATA_VERSION, RecordFormatError, RecordType } from './metadata-records.ts'
export type { OperationError } from './operation-error.ts'
export type { Placement } from './partition-placement.ts'
export { ProducerIds } from './producer-ids.ts'
export { splitByName } from './repeated-names.ts'
export type { RandomBytes } from './topic-id.ts'
export { randomUuid } from './topic-id.ts'
export { isInternalTopic, METADATA_TOPIC, METADATA_TOPIC_ID, topicNameProblem } from './topic-name.ts'
