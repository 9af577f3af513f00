import type { Offset } from '../../base/ids.ts'
import type { TimestampedOffset } from '../../log/index.ts'
import {
  ErrorCode,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../protocol/index.ts'
import { checkEpoch } from '../fetch-path.ts'
import type { BrokerServices, Handler, RequestContext } from '../handler.ts'
import type { Partition } from '../partition.ts'

/** Timestamps with a meaning of their own, and the version that brought them. */
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6
const LEADER_EPOCH_SINCE = 4
const SPECIAL_SINCE = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
])

type PartitionRequest = ListOffsetsRequest['topics'][number]['partitions'][number]
type PartitionAnswer = ListOffsetsResponse['topics'][number]['partitions'][number]

/**
 * ListOffsets, versions 1 to 11. v2 isolation level, v4 leader epochs, v6
 * flexible, v7 max timestamp, v8 earliest local, v9 latest tiered, v10 a timeout
 * for remote storage, v11 earliest pending upload. Nothing is tiered here, so
 * "earliest local" is the log start and the tiered ones answer -1.
 */
export const listOffsetsHandler: Handler<ListOffsetsRequest, ListOffsetsResponse> = {
  key: 2,
  versions: [1, 11],
  request: listOffsetsRequest,
  response: listOffsetsResponse,
  handle(services, request, context) {
    const duplicates = duplicatesOf(request)
    const answers: (PartitionAnswer | Promise<PartitionAnswer>)[] = []
    for (const topic of request.topics) {
      for (const asked of topic.partitions) {
        if (duplicates.has(`${topic.name}:${asked.partitionIndex}`)) {
          answers.push(answer(asked, ErrorCode.INVALID_REQUEST))
        } else {
          answers.push(lookUp(services, topic.name, asked, request.isolationLevel === 1, context))
        }
      }
    }
    if (answers.some((entry) => entry instanceof Promise)) {
      return Promise.all(answers).then((resolved) => assemble(request, resolved, context.apiVersion))
    }
    return assemble(request, answers as PartitionAnswer[], context.apiVersion)
  },
}

function assemble(
  request: ListOffsetsRequest,
  answers: readonly PartitionAnswer[],
  version: number,
): ListOffsetsResponse {
  // Versions below have no place for an epoch.
  if (version < LEADER_EPOCH_SINCE) for (const entry of answers) entry.leaderEpoch = -1
  let next = 0
  const topics = request.topics.map((topic) => {
    const partitions = answers.slice(next, next + topic.partitions.length)
    next += topic.partitions.length
    return { name: topic.name, partitions }
  })
  return { throttleTimeMs: 0, topics }
}

function duplicatesOf(request: ListOffsetsRequest): Set<string> {
  const seen = new Set<string>()
  const duplicates = new Set<string>()
  for (const topic of request.topics) {
    for (const asked of topic.partitions) {
      const key = `${topic.name}:${asked.partitionIndex}`
      if (seen.has(key)) duplicates.add(key)
      seen.add(key)
    }
  }
  return duplicates
}

function lookUp(
  services: BrokerServices,
  topic: string,
  asked: PartitionRequest,
  readCommitted: boolean,
  context: RequestContext,
): PartitionAnswer | Promise<PartitionAnswer> {
  const partition = services.partitions.find(topic, asked.partitionIndex)
  if (partition === undefined) return answer(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const epochError = checkEpoch(asked.currentLeaderEpoch, partition.leaderEpoch)
  if (epochError !== ErrorCode.NONE) return answer(asked, epochError)
  const { log } = partition
  if (log.failure !== undefined) return answer(asked, ErrorCode.KAFKA_STORAGE_ERROR)
  const end = readCommitted ? log.lastStableOffset : log.highWatermark
  if (asked.timestamp < 0) return special(partition, asked, end, context.apiVersion)
  return log.offsetForTimestamp(asked.timestamp, end).then(
    (found) => foundAnswer(asked, found),
    () => answer(asked, ErrorCode.KAFKA_STORAGE_ERROR),
  )
}

function special(
  partition: Partition,
  asked: PartitionRequest,
  end: Offset,
  version: number,
): PartitionAnswer | Promise<PartitionAnswer> {
  const { log } = partition
  const since = SPECIAL_SINCE.get(asked.timestamp)
  if (since === undefined || version < since) return answer(asked, ErrorCode.UNSUPPORTED_VERSION)
  switch (asked.timestamp) {
    case LATEST:
      return offsetAnswer(asked, end, partition.leaderEpoch)
    case EARLIEST:
    case EARLIEST_LOCAL:
      return offsetAnswer(asked, log.logStartOffset, log.epochForOffset(log.logStartOffset))
    case MAX_TIMESTAMP:
      return log.offsetOfMaxTimestamp(end).then(
        (found) => foundAnswer(asked, found),
        () => answer(asked, ErrorCode.KAFKA_STORAGE_ERROR),
      )
    default:
      return answer(asked, ErrorCode.NONE)
  }
}

function offsetAnswer(asked: PartitionRequest, offset: Offset, leaderEpoch: number): PartitionAnswer {
  return { ...answer(asked, ErrorCode.NONE), offset, leaderEpoch }
}

function foundAnswer(asked: PartitionRequest, found: TimestampedOffset | undefined): PartitionAnswer {
  return found === undefined ? answer(asked, ErrorCode.NONE) : { ...answer(asked, ErrorCode.NONE), ...found }
}

function answer(asked: PartitionRequest, errorCode: number): PartitionAnswer {
  return { partitionIndex: asked.partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 }
}
