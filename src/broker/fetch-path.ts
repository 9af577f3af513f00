import type { Clock } from '../base/clock.ts'
import { NO_TOPIC_ID } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { type ReadRequest, type ReadResult, ReadStatus } from '../log/index.ts'
import { type Connection, Dispatched, type FileRegion, type ResponseSink } from '../net/index.ts'
import {
  decode,
  ErrorCode,
  encode,
  fetchRequest,
  fetchResponse,
  type Reader,
  type RequestHeader,
} from '../protocol/index.ts'
import { batchHeader, Codec } from '../records/index.ts'
import type { FetchSessionCache, FetchTarget } from './fetch-session.ts'
import { forgetSent } from './fetch-session.ts'
import { keyOf, planFetch } from './fetch-sessions.ts'
import type { Partition } from './partition.ts'
import type { PartitionRegistry } from './partition-registry.ts'
import { PendingFetch } from './pending-fetch.ts'
import { SuspectRanges, verifyReadable } from './suspect-ranges.ts'

const FETCH_KEY = 1
const TOPIC_IDS_SINCE = 13
const ZSTD_SINCE = 10
/** The longest that a fetch is parked in front of other requests of its connection. */
const OTHERS_WAIT_MS = 1_000
const NO_BYTES = Buffer.alloc(0)
const NO_LEADER = { leaderId: -1, leaderEpoch: -1 }
const NO_DIVERGENCE = { epoch: -1, endOffset: -1 }
const NO_SNAPSHOT = { endOffset: -1, epoch: -1 }

interface AbortedTransaction {
  producerId: number
  firstOffset: number
}

/** One partition of a Fetch answer, as the encoder takes it. */
interface FetchPartitionAnswer {
  partitionIndex: number
  errorCode: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  divergingEpoch: { epoch: number; endOffset: number }
  currentLeader: typeof NO_LEADER
  snapshotId: typeof NO_SNAPSHOT
  abortedTransactions: AbortedTransaction[] | null
  preferredReadReplica: number
  records: FileRegion | Buffer
}

/** What one pass over the partitions of a fetch found. */
interface FetchPass {
  readonly answers: FetchPartitionAnswer[]
  byteLength: number
  /** Waiting would be wrong (an error, a divergence) or useless (a limit or the end of a segment cut a read short). */
  urgent: boolean
  /** Reads that have to be finished first. */
  pending: Promise<unknown>[]
}

/**
 * Fetch (key 1), versions 4 to 18: long polls, sessions, whole batches straight
 * from the segment file by sendfile. The rules are Kafka's: answer at once when
 * enough is readable, when anything is wrong, or when the client will not wait;
 * the first partition with data returns at least one batch however large.
 */
export class FetchPath {
  readonly #partitions: PartitionRegistry
  readonly #sessions: FetchSessionCache
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #sink: () => ResponseSink
  readonly #unpark: (connection: Connection) => void
  readonly #failed: (connection: Connection, error: unknown) => void
  readonly #schedule: () => void
  readonly #fetchBytesMax: number
  readonly #parked = new Set<PendingFetch>()
  readonly #suspects = new SuspectRanges()
  readonly #request: ReadRequest = { fetchOffset: 0, end: 0, maxBytes: 0, atLeastOne: false }
  readonly #result: ReadResult = { file: undefined, position: 0, byteLength: 0, nextOffset: 0, ready: undefined }
  readonly #header = Buffer.alloc(61)
  #closed = false

  constructor(options: {
    partitions: PartitionRegistry
    sessions: FetchSessionCache
    clock: Clock
    logger: Logger
    sink: () => ResponseSink
    unpark: (connection: Connection) => void
    failed: (connection: Connection, error: unknown) => void
    schedule: () => void
    fetchBytesMax: number
  }) {
    this.#partitions = options.partitions
    this.#sessions = options.sessions
    this.#clock = options.clock
    this.#logger = options.logger
    this.#sink = options.sink
    this.#unpark = options.unpark
    this.#failed = options.failed
    this.#schedule = options.schedule
    this.#fetchBytesMax = options.fetchBytesMax
  }

  dispatch(connection: Connection, header: RequestHeader, reader: Reader): Dispatched {
    const request = decode(fetchRequest, reader, header.apiVersion)
    const nowMs = this.#clock.monotonicMs()
    const plan = planFetch(request, header.apiVersion, this.#sessions, nowMs)
    const fetch = new PendingFetch({
      connection,
      header: { ...header },
      targets: plan.targets,
      session: plan.session,
      incremental: plan.incremental,
      sessionId: plan.sessionId,
      readCommitted: request.isolationLevel === 1,
      maxWaitMs: request.maxWaitMs,
      nowMs,
      minBytes: request.minBytes,
      maxBytes: Math.min(request.maxBytes, this.#fetchBytesMax),
      rechecker: this,
    })
    if (plan.errorCode !== ErrorCode.NONE) {
      this.#send(fetch, plan.errorCode, [])
      return Dispatched.answered
    }
    if (this.#attempt(fetch)) return Dispatched.answered
    this.#park(fetch)
    return Dispatched.parked
  }

  recheck(fetch: PendingFetch): void {
    if (fetch.reading) return
    try {
      if (!this.#attempt(fetch)) return
    } catch (error) {
      // A programmer's error; it must not reach the timer, promise or turn that woke this fetch.
      this.forget(fetch)
      this.#failed(fetch.connection, error)
      return
    }
    this.#parked.delete(fetch)
    this.#unpark(fetch.connection)
  }

  regionFailed(path: string, position: number, byteLength: number): void {
    this.#suspects.add(path, position, byteLength)
  }

  /** The broker stops: whoever waits is answered with what there is, and nobody waits from now on. */
  close(): void {
    this.#closed = true
    for (const fetch of [...this.#parked]) {
      fetch.expired = true
      fetch.recheck()
    }
  }

  #park(fetch: PendingFetch): void {
    this.#parked.add(fetch)
    fetch.connection.waiting = fetch
    for (const target of fetch.targets) {
      const partition = this.#partitionOf(target, fetch.header.apiVersion)
      if (partition !== undefined) fetch.waitOn(partition)
    }
    fetch.timer = this.#clock.after(Math.max(fetch.maxWaitMs, 0), () => this.expire(fetch))
    if (fetch.connection.heldCount > 0) this.hurry(fetch)
  }

  /**
   * A connection with requests behind a long poll is not read, so that its peer's end would stay unnoticed for as long
   * as the client said it would wait.
   */
  hurry(fetch: PendingFetch): void {
    const leftMs = fetch.deadlineMs - this.#clock.monotonicMs()
    if (leftMs <= OTHERS_WAIT_MS) return
    fetch.timer?.cancel()
    fetch.timer = this.#clock.after(OTHERS_WAIT_MS, () => this.expire(fetch))
  }

  expire(fetch: PendingFetch): void {
    fetch.expired = true
    fetch.recheck()
    this.#schedule()
  }

  forget(fetch: PendingFetch): void {
    fetch.finish()
    this.#parked.delete(fetch)
  }

  /** True when the fetch was answered. */
  #attempt(fetch: PendingFetch): boolean {
    const pass = this.#readAll(fetch)
    if (pass.pending.length > 0) {
      this.#awaitReads(fetch, pass.pending)
      return false
    }
    const enough = pass.byteLength >= fetch.minBytes || pass.urgent || fetch.targets.length === 0
    const mayWait = fetch.maxWaitMs > 0 && !fetch.expired && !this.#closed && !fetch.connection.peerEnded
    if (!enough && mayWait) return false
    fetch.finish()
    this.#send(fetch, ErrorCode.NONE, pass.answers)
    return true
  }

  #awaitReads(fetch: PendingFetch, pending: Promise<unknown>[]): void {
    if (fetch.reading) return
    fetch.reading = true
    void Promise.all(pending).then(() => {
      fetch.reading = false
      fetch.recheck()
      this.#schedule()
    })
  }

  /** Settles with the read, and never rejects: the next pass answers a failure as the partition's error. */
  #settled(fetch: PendingFetch, target: FetchTarget, partition: Partition, read: Promise<void>): Promise<void> {
    return read.catch((error: unknown) => {
      fetch.failedReads ??= new Set()
      fetch.failedReads.add(target)
      const name = `${partition.topic}-${partition.partition}`
      this.#logger.warn({ partition: name, error: String(error) }, 'a read for a fetch failed')
    })
  }

  #readAll(fetch: PendingFetch): FetchPass {
    const pass: FetchPass = { answers: [], byteLength: 0, urgent: false, pending: [] }
    for (const target of fetch.targets) {
      pass.answers.push(this.#readOne(fetch, target, pass))
    }
    return pass
  }

  #readOne(fetch: PendingFetch, target: FetchTarget, pass: FetchPass): FetchPartitionAnswer {
    const answer = emptyAnswer(target.partition)
    if (fetch.readCommitted) answer.abortedTransactions = []
    const version = fetch.header.apiVersion
    const partition = this.#partitionOf(target, version)
    if (partition === undefined) {
      answer.errorCode = this.#missing(target, version)
      pass.urgent = true
      return answer
    }
    const epochError = checkEpoch(target.currentLeaderEpoch, partition.leaderEpoch)
    if (epochError !== ErrorCode.NONE) {
      answer.errorCode = epochError
      pass.urgent = true
      return answer
    }
    const log = partition.log
    answer.highWatermark = log.highWatermark
    answer.lastStableOffset = log.lastStableOffset
    answer.logStartOffset = log.logStartOffset
    if (target.lastFetchedEpoch >= 0 && this.#diverges(partition, target, answer)) {
      pass.urgent = true
      return answer
    }
    this.#readRecords(fetch, target, partition, pass, answer)
    return answer
  }

  #readRecords(
    fetch: PendingFetch,
    target: FetchTarget,
    partition: Partition,
    pass: FetchPass,
    answer: FetchPartitionAnswer,
  ): void {
    const log = partition.log
    const request = this.#request
    const result = this.#result
    request.fetchOffset = target.fetchOffset
    request.end = fetch.readCommitted ? log.lastStableOffset : log.highWatermark
    request.maxBytes = Math.max(0, Math.min(target.partitionMaxBytes, fetch.maxBytes - pass.byteLength))
    request.atLeastOne = pass.byteLength === 0
    result.byteLength = 0
    result.ready = undefined
    const status = fetch.failedReads?.has(target) === true ? ReadStatus.storageError : log.read(request, result)
    if (status === ReadStatus.pending) {
      if (result.ready !== undefined) pass.pending.push(this.#settled(fetch, target, partition, result.ready))
      return
    }
    if (status !== ReadStatus.ok) {
      answer.errorCode = errorOf(status, fetch.header.apiVersion)
      if (status !== ReadStatus.outOfRange) answer.highWatermark = -1
      pass.urgent = true
      return
    }
    if (result.nextOffset < request.end && (result.byteLength > 0 || !request.atLeastOne)) pass.urgent = true
    const { file, position, byteLength } = result
    if (byteLength === 0 || file === undefined) return
    if (this.#suspects.overlaps(file.path, position, byteLength) && fetch.verified?.has(target) !== true) {
      fetch.verified ??= new Set()
      fetch.verified.add(target)
      pass.pending.push(this.#settled(fetch, target, partition, verifyReadable(file, position, byteLength)))
      return
    }
    if (fetch.header.apiVersion < ZSTD_SINCE && this.#holdsZstd(result)) {
      answer.errorCode = ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
      pass.urgent = true
      return
    }
    if (fetch.readCommitted) answer.abortedTransactions = log.abortedTransactions(target.fetchOffset, result.nextOffset)
    answer.records = { file, position, byteLength }
    pass.byteLength += byteLength
  }

  /** KIP-320 on the broker's side: the client's history and ours part ways before its fetch offset. */
  #diverges(partition: Partition, target: FetchTarget, answer: FetchPartitionAnswer): boolean {
    const own = partition.log.endOffsetForEpoch(target.lastFetchedEpoch)
    if (own.epoch < 0 || own.endOffset < 0) {
      answer.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
      return true
    }
    if (own.epoch >= target.lastFetchedEpoch && own.endOffset >= target.fetchOffset) return false
    answer.divergingEpoch = { epoch: own.epoch, endOffset: own.endOffset }
    return true
  }

  /** Old clients cannot read zstd; one look at the header of the first batch decides, as producers rarely mix codecs. */
  #holdsZstd(result: ReadResult): boolean {
    const read = result.file!.readSync(result.position, this.#header, 0, this.#header.length)
    if (read < this.#header.length) return false
    return batchHeader.codecOf(batchHeader.attributes(this.#header, 0)) === Codec.zstd
  }

  #partitionOf(target: FetchTarget, version: number): Partition | undefined {
    return version >= TOPIC_IDS_SINCE
      ? this.#partitions.findById(target.topicId, target.partition)
      : this.#partitions.find(target.topic, target.partition)
  }

  #missing(target: FetchTarget, version: number): number {
    if (version < TOPIC_IDS_SINCE) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    const known = target.topicId !== NO_TOPIC_ID && this.#partitions.findById(target.topicId, 0) !== undefined
    return known ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID
  }

  #send(fetch: PendingFetch, errorCode: number, answers: FetchPartitionAnswer[]): void {
    const { header, connection } = fetch
    if (!connection.open) return
    const topics: { topic: string; topicId: string; partitions: FetchPartitionAnswer[] }[] = []
    for (let index = 0; index < answers.length; index++) {
      const answer = answers[index]!
      const target = fetch.targets[index]!
      if (!this.#isListed(fetch, target, answer)) continue
      let topic = topics[topics.length - 1]
      if (topic === undefined || topic.topic !== target.topic || topic.topicId !== (target.topicId || NO_TOPIC_ID)) {
        topic = { topic: target.topic, topicId: target.topicId || NO_TOPIC_ID, partitions: [] }
        topics.push(topic)
      }
      topic.partitions.push(answer)
    }
    const sink = this.#sink()
    sink.begin(connection.id, FETCH_KEY, header.apiVersion, header.correlationId)
    encode(fetchResponse, sink, header.apiVersion, {
      throttleTimeMs: 0,
      errorCode,
      sessionId: fetch.sessionId,
      responses: topics,
      nodeEndpoints: [],
    })
    sink.end()
  }

  /** An incremental answer lists a partition only for news; what is listed is remembered as sent. */
  #isListed(fetch: PendingFetch, target: FetchTarget, answer: FetchPartitionAnswer): boolean {
    const session = fetch.session
    if (session === undefined) return true
    const hasRecords = answer.records.byteLength > 0
    const news =
      hasRecords ||
      answer.errorCode !== ErrorCode.NONE ||
      answer.divergingEpoch.epoch >= 0 ||
      answer.highWatermark !== target.sentHighWatermark ||
      answer.logStartOffset !== target.sentLogStart
    if (fetch.incremental && !news) return false
    if (hasRecords && session.targets.size > 1) session.moveToEnd(keyOf(target, session.usesTopicIds))
    target.sentHighWatermark = answer.highWatermark
    target.sentLogStart = answer.logStartOffset
    if (answer.errorCode !== ErrorCode.NONE) forgetSent(target)
    return true
  }
}

function emptyAnswer(partitionIndex: number): FetchPartitionAnswer {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: NO_DIVERGENCE,
    currentLeader: NO_LEADER,
    snapshotId: NO_SNAPSHOT,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: NO_BYTES,
  }
}

/** -1 in the request skips the check (KIP-320). */
export function checkEpoch(requested: number, current: number): number {
  if (requested === -1 || requested === current) return ErrorCode.NONE
  return requested < current ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
}

const STORAGE_ERROR_SINCE = 6

function errorOf(status: ReadStatus, version: number): number {
  if (status === ReadStatus.outOfRange) return ErrorCode.OFFSET_OUT_OF_RANGE
  if (status === ReadStatus.corrupt) return ErrorCode.CORRUPT_MESSAGE
  // Clients below this version do not know KAFKA_STORAGE_ERROR; Kafka tells them to look for another leader.
  return version < STORAGE_ERROR_SINCE ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.KAFKA_STORAGE_ERROR
}
