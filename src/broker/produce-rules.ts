import type { BrokerConfig, TopicSettings } from '../config/index.ts'
import { isInternalTopic } from '../metadata/index.ts'
import { type BatchRules, TimestampType } from '../records/index.ts'

/** What a partition asks of batches that clients send; resolved from its configs when they change. */
export interface ProduceRules extends BatchRules {
  /** Compacted topics: every record needs a key. */
  readonly keysRequired: boolean
  /** sluice.validate.records=full: look at every record. */
  readonly everyRecord: boolean
  /** min.insync.replicas; with one replica, acks=all is refused above 1. */
  readonly minInSyncReplicas: number
  /** Internal topics take no records from clients. */
  readonly isInternal: boolean
}

/** The rules that a topic's and the broker's configs amount to now. */
export function produceRules(topic: string, settings: TopicSettings, broker: BrokerConfig): ProduceRules {
  return {
    batchBytesMax: settings.maxMessageBytes,
    segmentBytesMax: settings.segmentBytes,
    timestampType: settings.timestampType === 'LogAppendTime' ? TimestampType.logAppendTime : TimestampType.createTime,
    timestampBeforeMaxMs: settings.timestampBeforeMaxMs,
    timestampAfterMaxMs: settings.timestampAfterMaxMs,
    keysRequired: settings.cleanupCompact,
    everyRecord: broker.string('sluice.validate.records') === 'full',
    minInSyncReplicas: settings.minInsyncReplicas,
    isInternal: isInternalTopic(topic),
  }
}
