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
