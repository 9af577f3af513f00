import type { CommitPartition } from '../base/commit.ts'
import type { Offset } from '../base/ids.ts'
import { batchHeader } from '../records/index.ts'
import { DAMAGE_FILE, loadDamage, storeDamage } from './damage-file.ts'
import { parseSegmentName } from './data-directory.ts'
import { finishInterruptedWork } from './interrupted-work.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { createSegment } from './log-files.ts'
import { visitBatches } from './log-lookup.ts'
import type { LogParts, LogRoom } from './log-parts.ts'
import type { LogConfig, LogObserver } from './partition-log.ts'
import { ProducerStates } from './producer-states.ts'
import { rebuildIndexes } from './rebuild-indexes.ts'
import { emptyReport, type RecoveryReport, recoverSegments } from './recovery.ts'
import { replayProducers } from './replay-producers.ts'
import { Segment } from './segment.ts'
import { loadSnapshot, snapshotOffsets } from './snapshot-files.ts'
import { TransactionIndex } from './transaction-index.ts'

export interface OpenLogOptions {
  readonly directory: string
  readonly partition: CommitPartition
  readonly config: LogConfig
  readonly segmentJitterMs: number
  readonly observer: LogObserver
  /** After a clean shutdown what is on disk is taken as it is. */
  readonly clean: boolean
  /** From the recovery-point checkpoint: everything below is durable. */
  readonly recoveryPoint: Offset
  /** From the log-start checkpoint. */
  readonly logStart: Offset
  readonly onProgress: (byteLength: number) => void
}

export interface OpenedLog {
  readonly parts: LogParts
  readonly report: RecoveryReport
}

/**
 * Opens the log of one partition directory, or makes an empty one there. After a
 * clean stop that costs a few reads: the newest index, the batches behind its last
 * entry, epochs, the newest snapshot; recovery.ts says what an unclean stop adds.
 */
export async function openLog(room: LogRoom, options: OpenLogOptions): Promise<OpenedLog> {
  const { disk } = room
  const { directory, config } = options
  const found = (await disk.readdir(directory)).map((entry) => entry.name)
  const names = await finishInterruptedWork(disk, directory, found)
  const segments = await findSegments(room, directory, names)
  if (segments.length === 0) segments.push(await firstSegment(room, directory, options.logStart))
  for (let index = 0; index + 1 < segments.length; index++) segments[index]!.endOffset = segments[index + 1]!.baseOffset
  if (names.includes(DAMAGE_FILE)) await loadDamage(disk, directory, segments)
  // A log that was closed and does not end with a whole batch, or not where the checkpoint says, is damaged, not torn:
  // recovery knows the difference.
  const newest = segments.at(-1)!
  const isWhole =
    options.clean && (await findEnd(room, newest, names, config)) && newest.endOffset === options.recoveryPoint
  const report = isWhole ? emptyReport() : await recover(room, segments, options)
  if (report.quarantined.length > 0) await storeDamage(disk, directory, segments)
  if (segments.at(-1)!.endOffset < options.logStart) await startOver(room, segments, options)
  const active = segments.at(-1)!
  await readFirstTimestamp(room, active)
  const epochs = new LeaderEpochs(disk, directory)
  await epochs.load(names)
  if (epochs.truncateFromEnd(active.endOffset)) await epochs.store()
  const state = await openState(room, segments, names, options)
  const parts: LogParts = {
    directory,
    partition: options.partition,
    segments,
    epochs,
    ...state,
    config,
    segmentJitterMs: options.segmentJitterMs,
    logStartOffset: Math.max(options.logStart, segments[0]!.baseOffset),
    durableEnd: active.endOffset,
    observer: options.observer,
  }
  return { parts, report }
}

async function firstSegment(room: LogRoom, directory: string, baseOffset: Offset): Promise<Segment> {
  const segment = await createSegment(room, directory, baseOffset)
  await room.disk.syncDirectory(directory)
  return segment
}

async function findSegments(room: LogRoom, directory: string, names: readonly string[]): Promise<Segment[]> {
  const segments: Segment[] = []
  for (const name of names) {
    const baseOffset = parseSegmentName(name, '.log')
    if (baseOffset === undefined) continue
    const segment = new Segment(directory, baseOffset)
    const stat = await room.disk.stat(segment.path('.log'))
    segment.size = stat?.size ?? 0
    segment.inheritedBytes = segment.size
    segment.createdMs = stat?.modifiedMs ?? 0
    segment.modifiedMs = segment.createdMs
    segment.described = segment.size === 0
    segments.push(segment)
  }
  return segments.sort((left, right) => left.baseOffset - right.baseOffset)
}

/** Reading so much of a log costs less than reading two index files, which have a few entries for it at most. */
const SMALL_SEGMENT_BYTES = 16 * 1024

/**
 * The newest segment after a clean stop: indexes as stored, the end found behind the last index entry. False when the
 * file does not end with a whole batch.
 */
async function findEnd(room: LogRoom, segment: Segment, names: readonly string[], config: LogConfig): Promise<boolean> {
  const fileBytes = segment.size
  segment.endOffset = segment.baseOffset
  segment.described = true
  if (fileBytes <= SMALL_SEGMENT_BYTES) {
    if (segment.index !== undefined) return true
    segment.startIndexes()
    segment.indexesStored = names.includes(nameOf(segment, '.index')) && names.includes(nameOf(segment, '.timeindex'))
  } else if (!(await segment.loadIndexes(room.disk))) {
    await rebuildIndexes(room.files, segment, config.indexIntervalBytes)
  }
  segment.maxTimestamp = segment.timeIndex!.lastTimestamp
  segment.maxTimestampOffset = segment.timeIndex!.lastOffset
  const start = segment.index!.lastPosition
  segment.size = start
  segment.bytesSinceIndexEntry = 0
  const visit = (bytes: Buffer, position: number): boolean => {
    account(segment, bytes, position)
    return true
  }
  if (fileBytes > 0) await visitBatches(room.files, segment, { start, end: fileBytes }, visit)
  for (const damage of segment.damage ?? []) {
    if (damage.position >= start) segment.size += damage.endPosition - damage.position
  }
  const isWhole = segment.size === fileBytes
  segment.size = fileBytes
  return isWhole
}

function nameOf(segment: Segment, suffix: string): string {
  return segment.path(suffix).slice(segment.directory.length + 1)
}

/** Adds one batch behind the last entry of the stored index. */
function account(segment: Segment, bytes: Buffer, position: number): void {
  const timestamp = batchHeader.maxTimestamp(bytes, position)
  const lastOffset = batchHeader.lastOffset(bytes, position)
  if (timestamp > segment.maxTimestamp) {
    segment.maxTimestamp = timestamp
    segment.maxTimestampOffset = lastOffset
  }
  if (segment.size === 0) segment.firstTimestamp = timestamp
  const byteLength = batchHeader.batchByteLength(bytes, position)
  segment.size += byteLength
  segment.bytesSinceIndexEntry += byteLength
  segment.endOffset = lastOffset + 1
}

async function recover(room: LogRoom, segments: Segment[], options: OpenLogOptions): Promise<RecoveryReport> {
  return recoverSegments(room, segments, {
    recoveryPoint: options.recoveryPoint,
    indexIntervalBytes: options.config.indexIntervalBytes,
    isCompacted: options.config.cleanupCompact,
    onProgress: options.onProgress,
  })
}

/** The records that the log start was moved past are lost: their offsets are not given out again. */
async function startOver(room: LogRoom, segments: Segment[], options: OpenLogOptions): Promise<void> {
  for (const segment of segments.splice(0)) await room.removeSegment(segment, 0)
  segments.push(await firstSegment(room, options.directory, options.logStart))
}

async function readFirstTimestamp(room: LogRoom, segment: Segment): Promise<void> {
  if (segment.size === 0 || segment.firstTimestamp >= 0) return
  const header = Buffer.allocUnsafe(batchHeader.BATCH_HEADER_BYTES)
  await room.files.open(segment)
  const read = await segment.file?.read(0, header, 0, header.length)
  if (read === header.length) segment.firstTimestamp = batchHeader.maxTimestamp(header, 0)
}

/** Producers and aborted transactions: from the newest snapshot, and the batches behind it. */
async function openState(
  room: LogRoom,
  segments: readonly Segment[],
  names: readonly string[],
  options: OpenLogOptions,
): Promise<Pick<LogParts, 'producers' | 'transactions' | 'snapshots'>> {
  const { directory } = options
  const producers = new ProducerStates()
  const transactions = new TransactionIndex()
  const snapshots = snapshotOffsets(names)
  const end = segments.at(-1)!.endOffset
  const snapshot = await loadSnapshot(room.disk, directory, end, snapshots)
  if (snapshot !== undefined) producers.reset(snapshot.entries)
  const from = snapshot?.offset ?? segments[0]!.baseOffset
  if (names.some((name) => name.endsWith('.txnindex'))) {
    await transactions.load(room.disk, directory, names, { from: 0, to: from })
  }
  if (from < end) await replayProducers(room, segments, { from, producers, transactions })
  producers.highWatermarkMoved(end)
  return { producers, transactions, snapshots }
}
