import type { Clock } from '../base/clock.ts'
import { NO_TOPIC_ID, type PartitionId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { APPEND_ACCEPTED, type AppendBatch, DUPLICATE } from '../log/index.ts'
import type { Slab } from '../native/slab.ts'
import { type Connection, Dispatched, type ResponseSink } from '../net/index.ts'
import { decode, ErrorCode, produceRequest, type Reader, type RequestHeader } from '../protocol/index.ts'
import { type BatchValidator, TimestampType } from '../records/index.ts'
import { AppendStage, type StagedBatch, type StageVerdict } from './append-stage.ts'
import type { Partition } from './partition.ts'
import type { PartitionRegistry } from './partition-registry.ts'
import { ProduceAnswer, type ProducePartitionAnswer } from './produce-answer.ts'
import type { RecordExaminer } from './record-examiner.ts'
import type { Turn } from './turn.ts'

const ACKS_ALL = -1
const TOPIC_IDS_SINCE = 13
/** How often requests past their timeout are looked for. */
const EXPIRY_PERIOD_MS = 50

/**
 * Produce (key 0): from a frame to batches queued in their logs. Runs once per
 * request on the event loop, allocates the request, its answer, and nothing per
 * record. Answers come through the partitions' acknowledgement queues.
 *
 * Versions 3 to 13; 13 names topics by id. Advertised from 0, because librdkafka
 * reads its codec support off version 0 (KAFKA-18659).
 */
export class ProducePath {
  readonly #partitions: PartitionRegistry
  readonly #validator: BatchValidator
  readonly #examiner: RecordExaminer
  readonly #turn: Turn
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #sink: () => ResponseSink
  /** Requests of this turn; most are answered before it ends. */
  readonly #recent: ProduceAnswer[] = []
  /** Requests that outlived their turn, oldest first; looked at for timeouts. */
  readonly #waiting = new Set<ProduceAnswer>()
  #expiryArmed = false
  #failure: Error | undefined
  /** Reused for every batch. */
  readonly #batch: AppendBatch

  constructor(options: {
    partitions: PartitionRegistry
    validator: BatchValidator
    examiner: RecordExaminer
    turn: Turn
    clock: Clock
    logger: Logger
    sink: () => ResponseSink
    emptySlab: Slab
  }) {
    this.#partitions = options.partitions
    this.#validator = options.validator
    this.#examiner = options.examiner
    this.#turn = options.turn
    this.#clock = options.clock
    this.#logger = options.logger
    this.#sink = options.sink
    this.#batch = emptyBatch(options.emptySlab)
  }

  /** The data directory failed: no partition takes anything from now on. What was appended is still answered. */
  fail(error: Error): void {
    this.#failure ??= error
  }

  dispatch(connection: Connection, header: RequestHeader, reader: Reader, slab: Slab): Dispatched {
    const version = header.apiVersion
    const request = decode(produceRequest, reader, version)
    const nowMs = this.#clock.monotonicMs()
    const answer = new ProduceAnswer({
      connection,
      apiVersion: version,
      correlationId: header.correlationId,
      acks: request.acks,
      deadlineMs: nowMs + request.timeoutMs,
      sink: this.#sink(),
      listener: this,
    })
    connection.addOverlapping(answer)
    const requestError = checkRequest(request.acks, request.transactionalId)
    for (const topicData of request.topicData) {
      const topic = answer.addTopic(topicData.name, topicData.topicId)
      for (const data of topicData.partitionData) {
        const target = answer.addPartition(topic, data.index)
        if (requestError !== ErrorCode.NONE) {
          target.settle(requestError)
          continue
        }
        const partition =
          version >= TOPIC_IDS_SINCE
            ? this.#partitions.findById(topicData.topicId, data.index)
            : this.#partitions.find(topicData.name, data.index)
        if (partition === undefined) target.settle(this.#missing(version, topicData.topicId, data.index))
        else if (data.records === null) target.settle(ErrorCode.INVALID_RECORD, 'there are no records')
        else this.#produce(partition, slab, data.records.start, data.records.byteLength, target)
      }
    }
    answer.seal()
    if (!answer.ready) this.#recent.push(answer)
    return Dispatched.overlapping
  }

  /** A request has its answer: it leaves when its turn on the connection comes. */
  produceSettled(answer: ProduceAnswer): void {
    if (answer.awaited) this.#waiting.delete(answer)
    this.#turn.produceSettled(answer)
  }

  #missing(version: number, topicId: string, partition: PartitionId): number {
    if (version < TOPIC_IDS_SINCE) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    const known = topicId !== NO_TOPIC_ID && partition !== 0 && this.#partitions.findById(topicId, 0) !== undefined
    return known ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID
  }

  #produce(
    partition: Partition,
    slab: Slab,
    position: number,
    byteLength: number,
    target: ProducePartitionAnswer,
  ): void {
    if (this.#failure !== undefined) {
      return target.settle(ErrorCode.KAFKA_STORAGE_ERROR, `the data directory failed: ${this.#failure.message}`)
    }
    const rules = partition.rules
    if (rules.isInternal) return target.settle(ErrorCode.INVALID_TOPIC_EXCEPTION, 'internal topics take no records')
    if (target.owner.acks === ACKS_ALL && rules.minInSyncReplicas > 1) {
      return target.settle(
        ErrorCode.NOT_ENOUGH_REPLICAS,
        `min.insync.replicas is ${rules.minInSyncReplicas}, there is one replica`,
      )
    }
    const batch = this.#batch
    batch.slab = slab
    batch.position = position
    batch.byteLength = byteLength
    const code = this.#validator.validate(batch, rules)
    if (code !== ErrorCode.NONE) return target.settle(code, this.#validator.reason)
    if (batch.isTransactional) {
      return target.settle(ErrorCode.INVALID_TXN_STATE, 'transactions are not supported by this broker')
    }
    if (rules.keysRequired || rules.everyRecord || partition.stage !== undefined) {
      this.#examine(partition, slab, position, byteLength, target)
    } else {
      this.#append(partition, target)
    }
  }

  /** `#batch` holds the validated batch. */
  #append(partition: Partition, target: ProducePartitionAnswer): void {
    const batch = this.#batch
    const log = partition.log
    const sequence = log.checkProducer(batch)
    if (sequence === DUPLICATE) {
      target.baseOffset = log.duplicateBaseOffset
      if (partition.rules.timestampType === TimestampType.logAppendTime) target.logAppendTimeMs = log.duplicateTimestamp
      this.#acknowledgeAt(partition, log.duplicateEndOffset, target)
      return
    }
    if (sequence !== APPEND_ACCEPTED) return target.settle(sequence)
    if (partition.rules.timestampType === TimestampType.logAppendTime) {
      target.logAppendTimeMs = this.#validator.stampLogAppendTime(batch)
    }
    const baseOffset = log.append(batch)
    if (baseOffset < 0) {
      const why = log.failure === undefined ? 'the partition is closing' : log.failure.message
      return target.settle(partition.retiredAs ?? ErrorCode.KAFKA_STORAGE_ERROR, why)
    }
    target.baseOffset = baseOffset
    partition.acks.push(baseOffset + batch.lastOffsetDelta + 1, target)
    this.#turn.appended = true
  }

  #acknowledgeAt(partition: Partition, endOffset: number, target: ProducePartitionAnswer): void {
    target.logStartOffset = partition.log.logStartOffset
    if (partition.log.highWatermark >= endOffset) target.settle(ErrorCode.NONE)
    else partition.acks.push(endOffset, target)
  }

  /** Record by record: at once where nothing has to be decompressed and nobody is ahead, else through the stage. */
  #examine(
    partition: Partition,
    slab: Slab,
    position: number,
    byteLength: number,
    target: ProducePartitionAnswer,
  ): void {
    if (partition.stage === undefined) {
      const verdict = this.#examiner.examineNow(slab, position, byteLength, partition.rules)
      if (verdict !== undefined) {
        if (verdict.errorCode === ErrorCode.NONE) this.#append(partition, target)
        else refuse(target, verdict)
        return
      }
      partition.stage = this.#openStage(partition)
    }
    partition.stage.add({ slab, position, byteLength, answer: target })
    // No flush may follow for long: its timeout counts from now.
    this.#watch(target.owner)
    this.#armExpiry()
  }

  #openStage(partition: Partition): AppendStage {
    return new AppendStage({
      examine: (batch) => this.#examiner.examine(batch.slab, batch.position, batch.byteLength, partition.rules),
      finish: (batch, verdict) => this.#finishStaged(partition, batch, verdict),
      fault: (error) => {
        const stack = error instanceof Error ? error.stack : undefined
        const name = `${partition.topic}-${partition.partition}`
        this.#logger.error({ partition: name, error: String(error), stack }, 'examining a batch failed')
        this.#turn.schedule()
      },
    })
  }

  #finishStaged(partition: Partition, staged: StagedBatch, verdict: StageVerdict): void {
    if (partition.stage?.isEmpty === true) partition.stage = undefined
    if (verdict.errorCode !== ErrorCode.NONE) {
      refuse(staged.answer, verdict)
    } else {
      const batch = this.#batch
      batch.slab = staged.slab
      batch.position = staged.position
      batch.byteLength = staged.byteLength
      const code = this.#validator.validate(batch, partition.rules)
      if (code !== ErrorCode.NONE) staged.answer.settle(code, this.#validator.reason)
      else this.#append(partition, staged.answer)
    }
    this.#turn.schedule()
  }

  /** The logs were flushed: whatever is still not answered is watched for its timeout from now on. */
  afterFlush(): void {
    const recent = this.#recent
    for (let index = 0; index < recent.length; index++) {
      const answer = recent[index]!
      if (!answer.ready) this.#watch(answer)
    }
    recent.length = 0
    this.#armExpiry()
  }

  #watch(answer: ProduceAnswer): void {
    answer.awaited = true
    this.#waiting.add(answer)
  }

  #armExpiry(): void {
    if (this.#expiryArmed || this.#waiting.size === 0) return
    this.#expiryArmed = true
    this.#clock.after(EXPIRY_PERIOD_MS, () => this.#expire())
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const answer of this.#waiting) if (answer.deadlineMs <= nowMs) answer.expire()
    this.#expiryArmed = false
    this.#armExpiry()
  }
}

function checkRequest(acks: number, transactionalId: string | null): number {
  if (acks !== ACKS_ALL && acks !== 0 && acks !== 1) return ErrorCode.INVALID_REQUIRED_ACKS
  // Nobody can have a transactional id: InitProducerId refuses them.
  return transactionalId === null ? ErrorCode.NONE : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
}

function refuse(target: ProducePartitionAnswer, verdict: StageVerdict): void {
  target.recordErrors = verdict.recordErrors
  target.settle(verdict.errorCode, verdict.message)
}

function emptyBatch(slab: Slab): AppendBatch {
  return {
    slab,
    position: 0,
    byteLength: 0,
    lastOffsetDelta: 0,
    maxTimestamp: -1,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    isTransactional: false,
    isControl: false,
  }
}
