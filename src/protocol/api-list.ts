import { produceRequest, produceResponse } from './apis/00-produce.ts'
import { fetchRequest, fetchResponse } from './apis/01-fetch.ts'
import { listOffsetsRequest, listOffsetsResponse } from './apis/02-list-offsets.ts'
import { metadataRequest, metadataResponse } from './apis/03-metadata.ts'
import { offsetCommitRequest, offsetCommitResponse } from './apis/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from './apis/09-offset-fetch.ts'
import { findCoordinatorRequest, findCoordinatorResponse } from './apis/10-find-coordinator.ts'
import { joinGroupRequest, joinGroupResponse } from './apis/11-join-group.ts'
import { heartbeatRequest, heartbeatResponse } from './apis/12-heartbeat.ts'
import { leaveGroupRequest, leaveGroupResponse } from './apis/13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from './apis/14-sync-group.ts'
import { describeGroupsRequest, describeGroupsResponse } from './apis/15-describe-groups.ts'
import { listGroupsRequest, listGroupsResponse } from './apis/16-list-groups.ts'
import { apiVersionsRequest, apiVersionsResponse } from './apis/18-api-versions.ts'
import { createTopicsRequest, createTopicsResponse } from './apis/19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from './apis/20-delete-topics.ts'
import { deleteRecordsRequest, deleteRecordsResponse } from './apis/21-delete-records.ts'
import { initProducerIdRequest, initProducerIdResponse } from './apis/22-init-producer-id.ts'
import { offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from './apis/23-offset-for-leader-epoch.ts'
import { addPartitionsToTxnRequest, addPartitionsToTxnResponse } from './apis/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from './apis/25-add-offsets-to-txn.ts'
import { endTxnRequest, endTxnResponse } from './apis/26-end-txn.ts'
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from './apis/27-write-txn-markers.ts'
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from './apis/28-txn-offset-commit.ts'
import { describeConfigsRequest, describeConfigsResponse } from './apis/32-describe-configs.ts'
import { alterConfigsRequest, alterConfigsResponse } from './apis/33-alter-configs.ts'
import { describeLogDirsRequest, describeLogDirsResponse } from './apis/35-describe-log-dirs.ts'
import { createPartitionsRequest, createPartitionsResponse } from './apis/37-create-partitions.ts'
import { deleteGroupsRequest, deleteGroupsResponse } from './apis/42-delete-groups.ts'
import { electLeadersRequest, electLeadersResponse } from './apis/43-elect-leaders.ts'
import { incrementalAlterConfigsRequest, incrementalAlterConfigsResponse } from './apis/44-incremental-alter-configs.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from './apis/46-list-partition-reassignments.ts'
import { offsetDeleteRequest, offsetDeleteResponse } from './apis/47-offset-delete.ts'
import { describeClusterRequest, describeClusterResponse } from './apis/60-describe-cluster.ts'
import { describeProducersRequest, describeProducersResponse } from './apis/61-describe-producers.ts'
import { describeTransactionsRequest, describeTransactionsResponse } from './apis/65-describe-transactions.ts'
import { listTransactionsRequest, listTransactionsResponse } from './apis/66-list-transactions.ts'
import { consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse } from './apis/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribeRequest, consumerGroupDescribeResponse } from './apis/69-consumer-group-describe.ts'
import { listConfigResourcesRequest, listConfigResourcesResponse } from './apis/74-list-config-resources.ts'
import { describeTopicPartitionsRequest, describeTopicPartitionsResponse } from './apis/75-describe-topic-partitions.ts'
import type { Message } from './message.ts'

/** One API: its two messages. */
export interface Api {
  readonly request: Message<unknown>
  readonly response: Message<unknown>
}

/** Every API that has a schema here, by key. Whether it is served is the broker's decision. */
export const APIS: readonly Api[] = [
  { request: produceRequest, response: produceResponse },
  { request: fetchRequest, response: fetchResponse },
  { request: listOffsetsRequest, response: listOffsetsResponse },
  { request: metadataRequest, response: metadataResponse },
  { request: offsetCommitRequest, response: offsetCommitResponse },
  { request: offsetFetchRequest, response: offsetFetchResponse },
  { request: findCoordinatorRequest, response: findCoordinatorResponse },
  { request: joinGroupRequest, response: joinGroupResponse },
  { request: heartbeatRequest, response: heartbeatResponse },
  { request: leaveGroupRequest, response: leaveGroupResponse },
  { request: syncGroupRequest, response: syncGroupResponse },
  { request: describeGroupsRequest, response: describeGroupsResponse },
  { request: listGroupsRequest, response: listGroupsResponse },
  { request: apiVersionsRequest, response: apiVersionsResponse },
  { request: createTopicsRequest, response: createTopicsResponse },
  { request: deleteTopicsRequest, response: deleteTopicsResponse },
  { request: deleteRecordsRequest, response: deleteRecordsResponse },
  { request: initProducerIdRequest, response: initProducerIdResponse },
  { request: offsetForLeaderEpochRequest, response: offsetForLeaderEpochResponse },
  { request: addPartitionsToTxnRequest, response: addPartitionsToTxnResponse },
  { request: addOffsetsToTxnRequest, response: addOffsetsToTxnResponse },
  { request: endTxnRequest, response: endTxnResponse },
  { request: writeTxnMarkersRequest, response: writeTxnMarkersResponse },
  { request: txnOffsetCommitRequest, response: txnOffsetCommitResponse },
  { request: describeConfigsRequest, response: describeConfigsResponse },
  { request: alterConfigsRequest, response: alterConfigsResponse },
  { request: describeLogDirsRequest, response: describeLogDirsResponse },
  { request: createPartitionsRequest, response: createPartitionsResponse },
  { request: deleteGroupsRequest, response: deleteGroupsResponse },
  { request: electLeadersRequest, response: electLeadersResponse },
  { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse },
  { request: listPartitionReassignmentsRequest, response: listPartitionReassignmentsResponse },
  { request: offsetDeleteRequest, response: offsetDeleteResponse },
  { request: describeClusterRequest, response: describeClusterResponse },
  { request: describeProducersRequest, response: describeProducersResponse },
  { request: describeTransactionsRequest, response: describeTransactionsResponse },
  { request: listTransactionsRequest, response: listTransactionsResponse },
  { request: consumerGroupHeartbeatRequest, response: consumerGroupHeartbeatResponse },
  { request: consumerGroupDescribeRequest, response: consumerGroupDescribeResponse },
  { request: listConfigResourcesRequest, response: listConfigResourcesResponse },
  { request: describeTopicPartitionsRequest, response: describeTopicPartitionsResponse },
]
