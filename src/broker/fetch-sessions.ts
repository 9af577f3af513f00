import { ErrorCode, type FetchRequest } from '../protocol/index.ts'
import {
  type FetchSession,
  type FetchSessionCache,
  type FetchTarget,
  forgetSent,
  newFetchTarget,
  sessionKey,
} from './fetch-session.ts'

/** What a Fetch request asks for, after its session was taken into account. */
export interface FetchPlan {
  /** Top-level error; the answer then has no topics. */
  readonly errorCode: number
  readonly session: FetchSession | undefined
  /** What the answer carries: 0 is no session. */
  readonly sessionId: number
  readonly incremental: boolean
  readonly targets: readonly FetchTarget[]
}

const FULL_REQUEST_EPOCH = 0
const FINAL_EPOCH = -1
const TOPIC_IDS_SINCE = 13

/**
 * KIP-227: (0, 0) asks for a session, (id, 0) replaces one, epoch -1 ends one
 * and is answered without, (id, n) lists only changes. Sessions may not mix
 * topic names and topic ids.
 */
export function planFetch(request: FetchRequest, version: number, cache: FetchSessionCache, nowMs: number): FetchPlan {
  const usesTopicIds = version >= TOPIC_IDS_SINCE
  const { sessionId, sessionEpoch } = request
  if (sessionEpoch === FINAL_EPOCH) {
    if (sessionId !== 0) cache.remove(sessionId)
    return fullPlan(requestTargets(request, usesTopicIds))
  }
  if (sessionEpoch === FULL_REQUEST_EPOCH) {
    if (sessionId !== 0) cache.remove(sessionId)
    const targets = requestTargets(request, usesTopicIds)
    const session = targets.length === 0 ? undefined : cache.create(usesTopicIds, nowMs)
    if (session === undefined) return fullPlan(targets)
    for (const target of targets) session.targets.set(keyOf(target, usesTopicIds), target)
    return { errorCode: ErrorCode.NONE, session, sessionId: session.id, incremental: false, targets }
  }
  return continueSession(request, usesTopicIds, cache, nowMs)
}

function continueSession(
  request: FetchRequest,
  usesTopicIds: boolean,
  cache: FetchSessionCache,
  nowMs: number,
): FetchPlan {
  const session = cache.get(request.sessionId)
  if (session === undefined) return failedPlan(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  if (session.nextEpoch !== request.sessionEpoch) return failedPlan(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  if (session.usesTopicIds !== usesTopicIds) return failedPlan(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  if (request.topics.length > 0) mergeTargets(session, request, usesTopicIds)
  for (const forgotten of request.forgottenTopicsData) {
    const topic = usesTopicIds ? forgotten.topicId : forgotten.topic
    for (const partition of forgotten.partitions) session.targets.delete(sessionKey(topic, partition))
  }
  if (session.targets.size === 0) {
    // As Kafka: an emptied session is closed, and the answer says so with id 0.
    cache.remove(session.id)
    return fullPlan([])
  }
  session.advance(nowMs)
  cache.touch(session)
  const targets = [...session.targets.values()]
  return { errorCode: ErrorCode.NONE, session, sessionId: session.id, incremental: true, targets }
}

function mergeTargets(session: FetchSession, request: FetchRequest, usesTopicIds: boolean): void {
  for (const target of requestTargets(request, usesTopicIds)) {
    const key = keyOf(target, usesTopicIds)
    const known = session.targets.get(key)
    if (known === undefined) {
      session.targets.set(key, target)
      continue
    }
    if (known.fetchOffset > target.fetchOffset) forgetSent(known)
    known.currentLeaderEpoch = target.currentLeaderEpoch
    known.fetchOffset = target.fetchOffset
    known.lastFetchedEpoch = target.lastFetchedEpoch
    known.partitionMaxBytes = target.partitionMaxBytes
  }
}

function requestTargets(request: FetchRequest, usesTopicIds: boolean): FetchTarget[] {
  const targets: FetchTarget[] = []
  for (const topic of request.topics) {
    for (const partition of topic.partitions) {
      const target = newFetchTarget()
      if (usesTopicIds) target.topicId = topic.topicId
      else target.topic = topic.topic
      target.partition = partition.partition
      target.currentLeaderEpoch = partition.currentLeaderEpoch
      target.fetchOffset = partition.fetchOffset
      target.lastFetchedEpoch = partition.lastFetchedEpoch
      target.partitionMaxBytes = partition.partitionMaxBytes
      targets.push(target)
    }
  }
  return targets
}

/** The key of a target within its session. */
export function keyOf(target: FetchTarget, usesTopicIds: boolean): string {
  return sessionKey(usesTopicIds ? target.topicId : target.topic, target.partition)
}

function fullPlan(targets: readonly FetchTarget[]): FetchPlan {
  return { errorCode: ErrorCode.NONE, session: undefined, sessionId: 0, incremental: false, targets }
}

function failedPlan(errorCode: number): FetchPlan {
  return { errorCode, session: undefined, sessionId: 0, incremental: false, targets: [] }
}
