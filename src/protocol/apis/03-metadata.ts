import { array, bool, int16, int32, string, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Describes brokers, topics and partitions.
 *
 * v0 treats an empty topic list as all topics, v1 and later treat null so; v4 auto-creation flag; v7 leader epochs;
 * v8 authorized operations (of the cluster up to v10); v9 flexible; v10 topic ids, v12 lookup by them;
 * v13 a top-level error.
 */
export const metadataRequest = message(
  'MetadataRequest',
  { key: 3, kind: 'request', versions: [0, 13], flexible: 9 },
  {
    topics: array({
      topicId: uuid.since(10).ignorable(),
      name: string.nullable(10),
    }).nullable(1),
    allowAutoTopicCreation: bool.since(4).default(true),
    includeClusterAuthorizedOperations: bool.since(8).until(10),
    includeTopicAuthorizedOperations: bool.since(8),
  },
)
export type MetadataRequest = MessageValue<typeof metadataRequest>

export const metadataResponse = message(
  'MetadataResponse',
  { key: 3, kind: 'response', versions: [0, 13], flexible: 9 },
  {
    throttleTimeMs: int32.since(3).ignorable(),
    brokers: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.since(1).nullable().default(null).ignorable(),
    }),
    clusterId: string.since(2).nullable().default(null).ignorable(),
    controllerId: int32.since(1).default(-1).ignorable(),
    topics: array({
      errorCode: int16,
      name: string.nullable(12),
      topicId: uuid.since(10).ignorable(),
      isInternal: bool.since(1).ignorable(),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1).ignorable(),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: array(int32).since(5).ignorable(),
      }),
      topicAuthorizedOperations: int32.since(8).default(-2147483648),
    }),
    clusterAuthorizedOperations: int32.since(8).until(10).default(-2147483648),
    errorCode: int16.since(13).ignorable(),
  },
)
export type MetadataResponse = MessageValue<typeof metadataResponse>
