import type { ProduceRules } from '../../src/broker/produce-rules.ts'
import { TimestampType } from '../../src/records/index.ts'

/** The rules of a topic with default configs, changed where a test says so. */
export function produceRulesOf(changes: Partial<ProduceRules> = {}): ProduceRules {
  return {
    batchBytesMax: 1 << 20,
    segmentBytesMax: 1 << 30,
    timestampType: TimestampType.createTime,
    timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
    timestampAfterMaxMs: Number.POSITIVE_INFINITY,
    keysRequired: false,
    everyRecord: false,
    minInSyncReplicas: 1,
    isInternal: false,
    ...changes,
  }
}
