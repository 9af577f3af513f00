import { ErrorCode } from '../protocol/index.ts'
import type { MetadataImage, TopicImage } from './metadata-image.ts'
import type { MetadataRecord } from './metadata-records.ts'
import { type OperationError, refuse } from './operation-error.ts'
import {
  assignmentError,
  newPartitionRecord,
  PARTITIONS_PER_REQUEST_MAX,
  type Placement,
} from './partition-placement.ts'
import { splitByName } from './repeated-names.ts'

/** A topic that is to have more partitions: `count` in all. */
export interface MorePartitions {
  readonly name: string
  readonly count: number
  /** One entry per new partition, or null to let the broker place them. */
  readonly assignments: readonly { readonly brokerIds: readonly number[] }[] | null
}

export interface MorePartitionsOutcome {
  readonly name: string
  readonly error?: OperationError
}

/**
 * Records that add the partitions which can be added, and what became of each
 * topic. A topic that is named twice is refused, with one answer.
 */
export function createPartitions(
  image: MetadataImage,
  requests: readonly MorePartitions[],
  placement: Placement,
): { records: MetadataRecord[]; outcomes: MorePartitionsOutcome[] } {
  const records: MetadataRecord[] = []
  const outcomes: MorePartitionsOutcome[] = []
  const { single, repeated } = splitByName(requests)
  for (const request of single) {
    const added = addPartitions(image, request, placement, PARTITIONS_PER_REQUEST_MAX - records.length)
    if ('error' in added) outcomes.push({ name: request.name, error: added.error })
    else {
      outcomes.push({ name: request.name })
      for (const record of added.records) records.push(record)
    }
  }
  for (const name of repeated) outcomes.push({ name, ...refuse(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.') })
  return { records, outcomes }
}

function addPartitions(
  image: MetadataImage,
  request: MorePartitions,
  placement: Placement,
  addedMax: number,
): { readonly records: MetadataRecord[] } | { readonly error: OperationError } {
  const topic = image.topic(request.name)
  if (topic === undefined) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null)
  const problem = countError(topic, request, addedMax) ?? assignmentsError(topic, request, placement)
  if (problem !== undefined) return problem
  const records: MetadataRecord[] = []
  for (let partition = topic.partitions.length; partition < request.count; partition++) {
    records.push(newPartitionRecord(topic.id, partition, placement))
  }
  return { records }
}

type Refusal = { readonly error: OperationError }

function countError(topic: TopicImage, { count }: MorePartitions, addedMax: number): Refusal | undefined {
  const present = topic.partitions.length
  if (count === present) {
    return refuse(ErrorCode.INVALID_PARTITIONS, `Topic already has ${present} partition(s).`)
  }
  if (count < present) {
    return refuse(
      ErrorCode.INVALID_PARTITIONS,
      `The topic ${topic.name} currently has ${present} partition(s); ${count} would not be an increase.`,
    )
  }
  if (count - present <= addedMax) return undefined
  return refuse(ErrorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
}

function assignmentsError(topic: TopicImage, request: MorePartitions, placement: Placement): Refusal | undefined {
  const { assignments } = request
  if (assignments === null) return undefined
  const added = request.count - topic.partitions.length
  if (assignments.length !== added) {
    return refuse(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${added} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  }
  const replicasBefore = topic.partitions[0]?.replicas.length
  for (const { brokerIds } of assignments) {
    const problem = assignmentError(brokerIds, placement, replicasBefore)
    if (problem !== undefined) return problem
  }
  return undefined
}
