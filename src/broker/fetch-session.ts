import type { LeaderEpoch, Offset, PartitionId, TopicId } from '../base/ids.ts'

/** One partition as a client asked for it; a session remembers it between requests (KIP-227). */
export interface FetchTarget {
  topic: string
  topicId: TopicId
  partition: PartitionId
  currentLeaderEpoch: LeaderEpoch
  fetchOffset: Offset
  lastFetchedEpoch: LeaderEpoch
  partitionMaxBytes: number
  /** What the last answer said; -2 forces the next incremental answer to list the partition. */
  sentHighWatermark: Offset
  sentLogStart: Offset
}

const NEVER_SENT = -2

/** A target that was never answered; its fields are the defaults of a request. */
export function newFetchTarget(): FetchTarget {
  return {
    topic: '',
    topicId: '',
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    partitionMaxBytes: 0,
    sentHighWatermark: NEVER_SENT,
    sentLogStart: NEVER_SENT,
  }
}

/** The client's copy is out of date for sure: list the partition next time, whatever happens. */
export function forgetSent(target: FetchTarget): void {
  target.sentHighWatermark = NEVER_SENT
  target.sentLogStart = NEVER_SENT
}

/** A fetch session: the partitions a client follows, in the order in which they are read. */
export class FetchSession {
  readonly id: number
  /** Names (below v13) or topic ids: a client may not mix them within a session. */
  readonly usesTopicIds: boolean
  /** The epoch that the next incremental request must carry. */
  nextEpoch = 1
  lastUsedMs: number
  /** Insertion order is reading order. */
  readonly targets = new Map<string, FetchTarget>()

  constructor(options: { id: number; usesTopicIds: boolean; nowMs: number }) {
    this.id = options.id
    this.usesTopicIds = options.usesTopicIds
    this.lastUsedMs = options.nowMs
  }

  /** Epochs wrap from int32 max to 1: 0 means "new session". */
  advance(nowMs: number): void {
    this.nextEpoch = this.nextEpoch === 0x7fffffff ? 1 : this.nextEpoch + 1
    this.lastUsedMs = nowMs
  }

  /** A partition that returned data goes to the end, so that one busy partition cannot starve those behind it. */
  moveToEnd(key: string): void {
    const target = this.targets.get(key)
    if (target === undefined) return
    this.targets.delete(key)
    this.targets.set(key, target)
  }
}

/** Names a partition within a session; a topic name holds no colon. */
export function sessionKey(topicOrId: string, partition: PartitionId): string {
  return `${topicOrId}:${partition}`
}

/** A session whose slot may be taken by another client when it was idle for this long. Kafka's default. */
const EVICTABLE_AFTER_MS = 120_000

/**
 * The sessions of a broker: at most `slots` (max.incremental.fetch.session.cache.slots).
 * When full, a session that was idle for two minutes is evicted; else the new
 * client is answered without a session, which the protocol allows.
 */
export class FetchSessionCache {
  readonly #slots: number
  readonly #randomInt32: () => number
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()

  constructor(options: { slots: number; randomInt32: () => number }) {
    this.#slots = options.slots
    this.#randomInt32 = options.randomInt32
  }

  get size(): number {
    return this.#sessions.size
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id)
  }

  touch(session: FetchSession): void {
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }

  remove(id: number): void {
    this.#sessions.delete(id)
  }

  /** A new session, or undefined when there is no slot for it. */
  create(usesTopicIds: boolean, nowMs: number): FetchSession | undefined {
    if (this.#slots <= 0) return undefined
    if (this.#sessions.size >= this.#slots) {
      const oldest = this.#sessions.values().next().value
      if (oldest === undefined || nowMs - oldest.lastUsedMs < EVICTABLE_AFTER_MS) return undefined
      this.#sessions.delete(oldest.id)
    }
    let id = this.#randomInt32()
    while (id <= 0 || this.#sessions.has(id)) id = this.#randomInt32()
    const session = new FetchSession({ id, usesTopicIds, nowMs })
    this.#sessions.set(id, session)
    return session
  }
}
