import type { PartitionId, TopicId } from '../base/ids.ts'
import type { Partition } from './partition.ts'

/** The partitions this broker leads, kept in step with the metadata image: topics by name and by id. */
export interface PartitionRegistry {
  find(topic: string, partition: PartitionId): Partition | undefined
  findById(topicId: TopicId, partition: PartitionId): Partition | undefined
  all(): Iterable<Partition>
  readonly size: number
}
