import { ErrorCode } from '../protocol/index.ts'
import type { MetadataImage } from './metadata-image.ts'
import type { MetadataRecord } from './metadata-records.ts'
import { type OperationError, refuse } from './operation-error.ts'
import {
  assignmentError,
  newPartitionRecord,
  PARTITIONS_PER_REQUEST_MAX,
  type Placement,
} from './partition-placement.ts'

/** A topic that is to have more partitions: `count` in all. */
export interface MorePartitions {
  readonly name: string
  readonly count: number
  /** One entry per new partition, or null to let the broker place them. */
  readonly assignments: readonly { readonly brokerIds: readonly number[] }[] | null
}

/** Records that add partitions to one topic, or why not. */
export function createPartitions(
  image: MetadataImage,
  request: MorePartitions,
  placement: Placement,
): { readonly records: MetadataRecord[] } | { readonly error: OperationError } {
  const topic = image.topic(request.name)
  if (topic === undefined) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null)
  const present = topic.partitions.length
  const { count, assignments } = request
  if (count === present) {
    return refuse(ErrorCode.INVALID_PARTITIONS, `Topic already has ${present} partition(s).`)
  }
  if (count < present) {
    return refuse(
      ErrorCode.INVALID_PARTITIONS,
      `The topic ${topic.name} currently has ${present} partition(s); ${count} would not be an increase.`,
    )
  }
  const added = count - present
  if (added > PARTITIONS_PER_REQUEST_MAX) {
    return refuse(ErrorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
  }
  if (assignments !== null && assignments.length !== added) {
    return refuse(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${added} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  }
  const replicasBefore = topic.partitions[0]?.replicas.length
  for (const { brokerIds } of assignments ?? []) {
    const problem = assignmentError(brokerIds, placement, replicasBefore)
    if (problem !== undefined) return problem
  }
  const records: MetadataRecord[] = []
  for (let partition = present; partition < count; partition++) {
    records.push(newPartitionRecord(topic.id, partition, placement))
  }
  return { records }
}
