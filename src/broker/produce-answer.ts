import { NO_TOPIC_ID, type Offset, type TimestampMs, type TopicId } from '../base/ids.ts'
import type { Connection, OrderedAnswer, ResponseSink } from '../net/index.ts'
import { ErrorCode, encode, produceResponse } from '../protocol/index.ts'

/** One refused record of a batch, by its index. */
export interface RecordError {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string | null
}

const NO_RECORD_ERRORS: RecordError[] = []
const NO_LEADER = { leaderId: -1, leaderEpoch: -1 }

/** What one partition of a Produce request is answered; encoded as it stands. */
export class ProducePartitionAnswer {
  readonly index: number
  errorCode: number = ErrorCode.NONE
  baseOffset: Offset = -1
  logAppendTimeMs: TimestampMs = -1
  logStartOffset: Offset = -1
  recordErrors: RecordError[] = NO_RECORD_ERRORS
  errorMessage: string | null = null
  readonly currentLeader = NO_LEADER
  readonly owner: ProduceAnswer
  settled = false

  constructor(index: number, owner: ProduceAnswer) {
    this.index = index
    this.owner = owner
  }

  /** Settles this partition, successfully or not. No effect once the request has been answered (a timeout). */
  settle(errorCode: number, message: string | null = null): void {
    if (this.owner.ready || this.settled) return
    this.settled = true
    this.errorCode = errorCode
    this.errorMessage = message
    if (errorCode !== ErrorCode.NONE) {
      this.baseOffset = -1
      this.logAppendTimeMs = -1
      this.owner.failed = true
    }
    this.owner.partitionSettled()
  }
}

/** The partitions of one topic of a Produce request, in its order. */
export interface ProduceTopicAnswer {
  readonly name: string
  readonly topicId: TopicId
  readonly partitionResponses: ProducePartitionAnswer[]
}

/** Told when a Produce request has its last partition settled. */
export interface ProduceListener {
  produceSettled(answer: ProduceAnswer): void
}

/**
 * The answer of one Produce request while its batches are on their way to the
 * high watermark. It becomes ready when every partition is settled, or when its
 * timeout passes (the data may still commit then, as in Kafka).
 */
export class ProduceAnswer implements OrderedAnswer {
  readonly responses: ProduceTopicAnswer[] = []
  readonly throttleTimeMs = 0
  readonly nodeEndpoints: never[] = []
  readonly connection: Connection
  readonly acks: number
  readonly deadlineMs: number
  ready = false
  failed = false
  /** It outlived its turn and is watched for its timeout. */
  awaited = false
  readonly #apiVersion: number
  readonly #correlationId: number
  readonly #sink: ResponseSink
  readonly #listener: ProduceListener
  /** One more than the partitions that are not settled, until `seal`. */
  #unsettled = 1

  constructor(options: {
    connection: Connection
    apiVersion: number
    correlationId: number
    acks: number
    deadlineMs: number
    sink: ResponseSink
    listener: ProduceListener
  }) {
    this.connection = options.connection
    this.acks = options.acks
    this.deadlineMs = options.deadlineMs
    this.#apiVersion = options.apiVersion
    this.#correlationId = options.correlationId
    this.#sink = options.sink
    this.#listener = options.listener
  }

  addTopic(name: string, topicId: TopicId = NO_TOPIC_ID): ProduceTopicAnswer {
    const topic = { name, topicId, partitionResponses: [] }
    this.responses.push(topic)
    return topic
  }

  addPartition(topic: ProduceTopicAnswer, index: number): ProducePartitionAnswer {
    const answer = new ProducePartitionAnswer(index, this)
    topic.partitionResponses.push(answer)
    this.#unsettled++
    return answer
  }

  /** All partitions of the request were added. */
  seal(): void {
    this.partitionSettled()
  }

  partitionSettled(): void {
    if (--this.#unsettled > 0 || this.ready) return
    this.ready = true
    this.#listener.produceSettled(this)
  }

  /** The request's timeout passed: whatever is not settled answers REQUEST_TIMED_OUT. */
  expire(): void {
    if (this.ready) return
    for (const topic of this.responses) {
      for (const partition of topic.partitionResponses) {
        if (partition.settled) continue
        partition.errorCode = ErrorCode.REQUEST_TIMED_OUT
        partition.baseOffset = -1
        partition.logAppendTimeMs = -1
      }
    }
    // Not a failure: with acks=0 nobody waited, and the connection stays.
    this.ready = true
    this.#listener.produceSettled(this)
  }

  send(): void {
    if (this.acks === 0) {
      // No answer can tell the client, so Kafka closes the connection: the client then refreshes its metadata.
      if (this.failed) this.connection.closeReason = 'a Produce with acks=0 failed'
      return
    }
    const sink = this.#sink
    sink.begin(this.connection.id, 0, this.#apiVersion, this.#correlationId)
    encode(produceResponse, sink, this.#apiVersion, this)
    sink.end()
  }
}
