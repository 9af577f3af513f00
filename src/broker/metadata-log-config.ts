import { type BrokerConfig, topicConfig } from '../config/index.ts'
import type { LogConfig } from '../log/index.ts'

/** `__cluster_metadata-0` keeps everything: snapshots decide what may go. */
export function metadataLogConfig(config: BrokerConfig): LogConfig {
  return {
    ...topicConfig(new Map(), config),
    segmentBytes: config.number('metadata.log.segment.bytes'),
    retentionMs: -1,
    retentionBytes: -1,
    cleanupDelete: false,
    cleanupCompact: false,
  }
}
