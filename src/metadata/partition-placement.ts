import { ErrorCode } from '../protocol/index.ts'
import type { MetadataRecord } from './metadata-records.ts'
import { RecordType } from './metadata-records.ts'
import { type OperationError, refuse } from './operation-error.ts'

/**
 * Where the replicas of new partitions go. There is one broker, so there is one
 * answer; what is checked here is that nobody asked for another.
 */
export interface Placement {
  readonly nodeId: number
  /** Id of the log directory that new partitions are created in. */
  readonly directoryId: string
}

/** The most partitions that one request may create: it bounds the size of one atomic append. */
export const PARTITIONS_PER_REQUEST_MAX = 10_000

/** Why a replica list given by hand cannot be; `replicasBefore` is the length of the partition's predecessors, if any. */
export function assignmentError(
  brokerIds: readonly number[],
  placement: Placement,
  replicasBefore: number | undefined,
): { readonly error: OperationError } | undefined {
  const code = ErrorCode.INVALID_REPLICA_ASSIGNMENT
  const says = 'The manual partition assignment includes'
  if (brokerIds.length === 0) return refuse(code, `${says} an empty replica list.`)
  const stranger = brokerIds.find((id) => id !== placement.nodeId)
  if (stranger !== undefined) return refuse(code, `${says} broker ${stranger}, but no such broker is registered.`)
  if (brokerIds.length > 1) return refuse(code, `${says} the broker ${brokerIds[0]} more than once.`)
  if (replicasBefore === undefined || replicasBefore === brokerIds.length) return undefined
  return refuse(
    code,
    `${says} a partition with ${brokerIds.length} replica(s), but this is not consistent with previous partitions, ` +
      `which have ${replicasBefore} replica(s).`,
  )
}

/** The record of a partition that is born with this broker as its only replica and leader. */
export function newPartitionRecord(topicId: string, partitionId: number, placement: Placement): MetadataRecord {
  return {
    type: RecordType.partition,
    value: {
      partitionId,
      topicId,
      replicas: [placement.nodeId],
      isr: [placement.nodeId],
      removingReplicas: [],
      addingReplicas: [],
      leader: placement.nodeId,
      leaderRecoveryState: 0,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [placement.directoryId],
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  }
}
