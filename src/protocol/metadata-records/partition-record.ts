import { array, int8, int32, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** KRaft record 3 of `__cluster_metadata`. */
export const partitionRecord = message(
  'PartitionRecord',
  { key: 3, kind: 'data', versions: [0, 2], flexible: 0 },
  {
    partitionId: int32.default(-1),
    topicId: uuid,
    replicas: array(int32),
    isr: array(int32),
    removingReplicas: array(int32),
    addingReplicas: array(int32),
    leader: int32.default(-1),
    leaderRecoveryState: int8.tagged(0, 0),
    leaderEpoch: int32.default(-1),
    partitionEpoch: int32.default(-1),
    directories: array(uuid).since(1),
    eligibleLeaderReplicas: array(int32).tagged(1, 2).nullable().default(null),
    lastKnownElr: array(int32).tagged(2, 2).nullable().default(null),
  },
)
export type PartitionRecord = MessageValue<typeof partitionRecord>
