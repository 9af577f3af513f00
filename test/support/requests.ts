import {
  createTopicsRequest,
  createTopicsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  type FetchRequest,
  fetchRequest,
  fetchResponse,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  initProducerIdRequest,
  initProducerIdResponse,
  listOffsetsRequest,
  listOffsetsResponse,
  metadataRequest,
  metadataResponse,
  produceRequest,
  produceResponse,
} from '../../src/protocol/index.ts'
import { encodeBatch, type NewRecord } from '../../src/records/index.ts'
import type { WireClient } from './wire-client.ts'

/** The two messages of each API that tests send. */
export const api = {
  produce: { request: produceRequest, response: produceResponse },
  fetch: { request: fetchRequest, response: fetchResponse },
  listOffsets: { request: listOffsetsRequest, response: listOffsetsResponse },
  metadata: { request: metadataRequest, response: metadataResponse },
  createTopics: { request: createTopicsRequest, response: createTopicsResponse },
  deleteTopics: { request: deleteTopicsRequest, response: deleteTopicsResponse },
  alterConfigs: { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse },
  initProducerId: { request: initProducerIdRequest, response: initProducerIdResponse },
}

export async function createTopic(
  client: WireClient,
  name: string,
  options: { partitions?: number; configs?: Record<string, string> } = {},
): Promise<number> {
  const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }))
  const topic = { name, numPartitions: options.partitions ?? 1, replicationFactor: 1, assignments: [], configs }
  const answer = await client.request(api.createTopics, 7, { topics: [topic], timeoutMs: 5000, validateOnly: false })
  return answer.topics[0]!.errorCode
}

export function record(value: string, key: string | null = null): NewRecord {
  return { key: key === null ? null : Buffer.from(key), value: Buffer.from(value), timestamp: 1_700_000_000_000 }
}

/** A Produce request's value for one batch. */
export function produceValue(
  topic: string,
  records: Buffer | null,
  options: { partition?: number; acks?: number; timeoutMs?: number } = {},
) {
  // The codec's type of `records` is what it decodes to; it encodes any bytes.
  const source = records as unknown as { start: number; byteLength: number } | null
  return {
    transactionalId: null,
    acks: options.acks ?? -1,
    timeoutMs: options.timeoutMs ?? 5000,
    topicData: [
      {
        name: topic,
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        partitionData: [{ index: options.partition ?? 0, records: source }],
      },
    ],
  }
}

export async function produce(
  client: WireClient,
  topic: string,
  records: readonly NewRecord[] | Buffer,
  options: { partition?: number; acks?: number; version?: number } = {},
) {
  const bytes = Buffer.isBuffer(records) ? records : encodeBatch(records)
  const answer = await client.request(api.produce, options.version ?? 12, produceValue(topic, bytes, options))
  return answer.responses[0]!.partitionResponses[0]!
}

export interface FetchOptions {
  readonly partition?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  readonly isolationLevel?: number
  readonly currentLeaderEpoch?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
}

export function fetchValue(topic: string, fetchOffset: number, options: FetchOptions = {}): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 1,
    maxBytes: options.maxBytes ?? 1 << 24,
    isolationLevel: options.isolationLevel ?? 0,
    sessionId: options.sessionId ?? 0,
    sessionEpoch: options.sessionEpoch ?? -1,
    topics: [
      {
        topic,
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        partitions: [
          {
            partition: options.partition ?? 0,
            currentLeaderEpoch: options.currentLeaderEpoch ?? -1,
            fetchOffset,
            lastFetchedEpoch: -1,
            logStartOffset: -1,
            partitionMaxBytes: options.partitionMaxBytes ?? 1 << 20,
            replicaDirectoryId: 'AAAAAAAAAAAAAAAAAAAAAA',
            highWatermark: 9223372036854775807n,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
  }
}

/** Deletes a topic by name. */
export async function deleteTopic(client: WireClient, name: string): Promise<number> {
  const answer = await client.request(api.deleteTopics, 5, { topics: [], topicNames: [name], timeoutMs: 5000 })
  return answer.responses[0]!.errorCode
}

/** Sets one config of a topic. */
export async function setTopicConfig(client: WireClient, topic: string, name: string, value: string): Promise<number> {
  const resource = { resourceType: 2, resourceName: topic, configs: [{ name, configOperation: 0, value }] }
  const answer = await client.request(api.alterConfigs, 1, { resources: [resource], validateOnly: false })
  return answer.responses[0]!.errorCode
}

/** A Fetch of several partitions; `at` is topic, partition and offset. */
export function fetchManyValue(at: readonly [string, number, number][], options: FetchOptions = {}): FetchRequest {
  const topics = at.map(([topic, partition, offset]) => fetchValue(topic, offset, { ...options, partition }).topics[0]!)
  return { ...fetchValue('', 0, options), topics }
}
