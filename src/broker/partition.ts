import type { LeaderEpoch, PartitionId, TopicId } from '../base/ids.ts'
import type { PartitionLog } from '../log/partition-log.ts'

/** A partition that this broker leads: its names, its epoch, its log. */
export interface Partition {
  readonly topic: string
  readonly topicId: TopicId
  readonly partition: PartitionId
  readonly leaderEpoch: LeaderEpoch
  readonly log: PartitionLog
}
