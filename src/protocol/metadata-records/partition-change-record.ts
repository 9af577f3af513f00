import { array, int8, int32, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 5 of `__cluster_metadata`. */
export const partitionChangeRecord = message(
  'PartitionChangeRecord',
  { key: 5, kind: 'data', versions: [0, 2], flexible: 0 },
  {
    partitionId: int32.default(-1),
    topicId: uuid,
    isr: array(int32).tagged(0, 0).nullable().default(null),
    leader: int32.tagged(1, 0).default(-2),
    replicas: array(int32).tagged(2, 0).nullable().default(null),
    removingReplicas: array(int32).tagged(3, 0).nullable().default(null),
    addingReplicas: array(int32).tagged(4, 0).nullable().default(null),
    leaderRecoveryState: int8.tagged(5, 0).default(-1),
    directories: array(uuid).tagged(8, 1).nullable().default(null),
    eligibleLeaderReplicas: array(int32).tagged(6, 2).nullable().default(null),
    lastKnownElr: array(int32).tagged(7, 2).nullable().default(null),
  },
)
export type PartitionChangeRecord = MessageValue<typeof partitionChangeRecord>
