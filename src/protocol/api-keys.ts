/**
 * Every API key of Apache Kafka 4.3, served or not: its name for log lines, and
 * the first version whose headers are flexible (request header v2, response
 * header v1). Known for all keys so that a request nobody serves still has a
 * readable header. The keys of the ZooKeeper era, 4 to 7, exist no more.
 */
interface ApiKeyRow {
  readonly name: string
  /** Infinity is never. */
  readonly flexibleSince: number
}

const NEVER = Number.POSITIVE_INFINITY

const ROWS: ReadonlyMap<number, ApiKeyRow> = new Map(
  (
    [
      [0, 'Produce', 9],
      [1, 'Fetch', 12],
      [2, 'ListOffsets', 6],
      [3, 'Metadata', 9],
      [8, 'OffsetCommit', 8],
      [9, 'OffsetFetch', 6],
      [10, 'FindCoordinator', 3],
      [11, 'JoinGroup', 6],
      [12, 'Heartbeat', 4],
      [13, 'LeaveGroup', 4],
      [14, 'SyncGroup', 4],
      [15, 'DescribeGroups', 5],
      [16, 'ListGroups', 3],
      [17, 'SaslHandshake', NEVER],
      [18, 'ApiVersions', 3],
      [19, 'CreateTopics', 5],
      [20, 'DeleteTopics', 4],
      [21, 'DeleteRecords', 2],
      [22, 'InitProducerId', 2],
      [23, 'OffsetForLeaderEpoch', 4],
      [24, 'AddPartitionsToTxn', 3],
      [25, 'AddOffsetsToTxn', 3],
      [26, 'EndTxn', 3],
      [27, 'WriteTxnMarkers', 1],
      [28, 'TxnOffsetCommit', 3],
      [29, 'DescribeAcls', 2],
      [30, 'CreateAcls', 2],
      [31, 'DeleteAcls', 2],
      [32, 'DescribeConfigs', 4],
      [33, 'AlterConfigs', 2],
      [34, 'AlterReplicaLogDirs', 2],
      [35, 'DescribeLogDirs', 2],
      [36, 'SaslAuthenticate', 2],
      [37, 'CreatePartitions', 2],
      [38, 'CreateDelegationToken', 2],
      [39, 'RenewDelegationToken', 2],
      [40, 'ExpireDelegationToken', 2],
      [41, 'DescribeDelegationToken', 2],
      [42, 'DeleteGroups', 2],
      [43, 'ElectLeaders', 2],
      [44, 'IncrementalAlterConfigs', 1],
      [45, 'AlterPartitionReassignments', 0],
      [46, 'ListPartitionReassignments', 0],
      [47, 'OffsetDelete', NEVER],
      [48, 'DescribeClientQuotas', 1],
      [49, 'AlterClientQuotas', 1],
      [50, 'DescribeUserScramCredentials', 0],
      [51, 'AlterUserScramCredentials', 0],
      [52, 'Vote', 0],
      [53, 'BeginQuorumEpoch', 1],
      [54, 'EndQuorumEpoch', 1],
      [55, 'DescribeQuorum', 0],
      [56, 'AlterPartition', 0],
      [57, 'UpdateFeatures', 0],
      [58, 'Envelope', 0],
      [59, 'FetchSnapshot', 0],
      [60, 'DescribeCluster', 0],
      [61, 'DescribeProducers', 0],
      [62, 'BrokerRegistration', 0],
      [63, 'BrokerHeartbeat', 0],
      [64, 'UnregisterBroker', 0],
      [65, 'DescribeTransactions', 0],
      [66, 'ListTransactions', 0],
      [67, 'AllocateProducerIds', 0],
      [68, 'ConsumerGroupHeartbeat', 0],
      [69, 'ConsumerGroupDescribe', 0],
      [70, 'ControllerRegistration', 0],
      [71, 'GetTelemetrySubscriptions', 0],
      [72, 'PushTelemetry', 0],
      [73, 'AssignReplicasToDirs', 0],
      [74, 'ListConfigResources', 0],
      [75, 'DescribeTopicPartitions', 0],
      [76, 'ShareGroupHeartbeat', 0],
      [77, 'ShareGroupDescribe', 0],
      [78, 'ShareFetch', 0],
      [79, 'ShareAcknowledge', 0],
      [80, 'AddRaftVoter', 0],
      [81, 'RemoveRaftVoter', 0],
      [82, 'UpdateRaftVoter', 0],
      [83, 'InitializeShareGroupState', 0],
      [84, 'ReadShareGroupState', 0],
      [85, 'WriteShareGroupState', 0],
      [86, 'DeleteShareGroupState', 0],
      [87, 'ReadShareGroupStateSummary', 0],
      [88, 'StreamsGroupHeartbeat', 0],
      [89, 'StreamsGroupDescribe', 0],
      [90, 'DescribeShareGroupOffsets', 0],
      [91, 'AlterShareGroupOffsets', 0],
      [92, 'DeleteShareGroupOffsets', 0],
    ] as const
  ).map(([key, name, flexibleSince]) => [key, { name, flexibleSince }]),
)

/** The highest key plus one: tables indexed by key have this many rows. */
export const API_KEY_COUNT = 93

/** The name of an API; unknown keys print as a number. */
export function apiName(key: number): string {
  return ROWS.get(key)?.name ?? `API key ${key}`
}

/** First version with flexible headers, by key. Keys that do not exist are never flexible. */
export const HEADERS_FLEXIBLE_SINCE: readonly number[] = Array.from(
  { length: API_KEY_COUNT },
  (_, key) => ROWS.get(key)?.flexibleSince ?? NEVER,
)
