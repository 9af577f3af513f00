import type { CommitPartition } from '../base/commit.ts'
import type { Offset } from '../base/ids.ts'
import { batchHeader, crc32c } from '../records/index.ts'
import { parseSegmentName } from './data-directory.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { createSegment } from './log-files.ts'
import { visitBatches } from './log-lookup.ts'
import type { LogParts, LogRoom } from './log-parts.ts'
import type { LogConfig, LogObserver } from './partition-log.ts'
import { ProducerStates, type SequencedBatch } from './producer-states.ts'
import { rebuildIndexes } from './rebuild-indexes.ts'
import { Segment } from './segment.ts'
import { loadSnapshot } from './snapshot-files.ts'
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

/** What had to be cut or set aside. */
export interface RecoveryReport {
  readonly truncatedBytes: number
  readonly removedSegments: number
  readonly quarantined: LogParts['quarantined']
}

export interface OpenedLog {
  readonly parts: LogParts
  readonly report: RecoveryReport
}

/**
 * Opens the log of one partition directory, or makes an empty one there.
 *
 * After an unclean stop everything above the recovery point is read again from
 * the disk (the page cache may hold what a failed write-back lost: sync, then
 * drop the pages), batch by batch, with checksums. The log ends in front of the
 * first bad batch; later segments are removed. Below the recovery point damage
 * is not a torn tail: the range is set aside and the rest is served.
 */
export async function openLog(room: LogRoom, options: OpenLogOptions): Promise<OpenedLog> {
  const { disk } = room
  const names = (await disk.readdir(options.directory)).map((entry) => entry.name)
  const segments = await findSegments(room, options.directory, names)
  const report = { truncatedBytes: 0, removedSegments: 0, quarantined: [] as { from: Offset; to: Offset }[] }
  if (segments.length === 0) {
    segments.push(await createSegment(disk, room.files, options.directory, options.logStart))
    await disk.syncDirectory(options.directory)
  }
  linkEnds(segments)
  for (const segment of segments.slice(0, -1)) await describeFinished(room, segment, options.config)
  if (options.clean) await loadTail(room, segments[segments.length - 1]!, options.config)
  else await recover(room, segments, options, report)
  const epochs = new LeaderEpochs(disk, options.directory)
  await epochs.load(names)
  const active = segments[segments.length - 1]!
  if (epochs.truncateFromEnd(active.endOffset)) await epochs.store()
  const producers = new ProducerStates()
  await loadProducers(room, options.directory, names, segments, producers)
  const parts: LogParts = {
    directory: options.directory,
    partition: options.partition,
    segments,
    epochs,
    producers,
    transactions: await loadTransactions(room, names, segments),
    config: options.config,
    segmentJitterMs: options.segmentJitterMs,
    logStartOffset: Math.min(Math.max(options.logStart, segments[0]!.baseOffset), active.endOffset),
    durableEnd: options.clean ? active.endOffset : Math.min(options.recoveryPoint, active.endOffset),
    clean: options.clean && segments.length > 0 && names.length > 0,
    quarantined: report.quarantined,
    observer: options.observer,
  }
  return { parts, report }
}

/** Segments in order, sized; leftovers of interrupted work are removed as Kafka does. */
async function findSegments(room: LogRoom, directory: string, names: readonly string[]): Promise<Segment[]> {
  const segments: Segment[] = []
  for (const name of names) {
    if (name.endsWith('.deleted') || name.endsWith('.cleaned') || name.endsWith('.tmp')) {
      await room.disk.unlink(`${directory}/${name}`)
      continue
    }
    const baseOffset = parseSegmentName(name, '.log')
    if (baseOffset === undefined) continue
    const segment = new Segment(directory, baseOffset)
    segment.size = (await room.disk.stat(segment.path('.log')))?.size ?? 0
    segments.push(segment)
  }
  return segments.sort((left, right) => left.baseOffset - right.baseOffset)
}

function linkEnds(segments: readonly Segment[]): void {
  for (let index = 0; index + 1 < segments.length; index++) segments[index]!.endOffset = segments[index + 1]!.baseOffset
}

/** Largest timestamp of a finished segment: the last time index entry has it; without one the segment is read. */
async function describeFinished(room: LogRoom, segment: Segment, config: LogConfig): Promise<void> {
  if (segment.size === 0) {
    segment.startIndexes()
    return
  }
  const loaded = await segment.loadIndexes(room.disk)
  if (loaded && segment.timeIndex!.count > 0) {
    segment.maxTimestamp = segment.timeIndex!.lastTimestamp
    segment.maxTimestampOffset = segment.timeIndex!.lastOffset
  } else {
    await rebuildIndexes(room.files, segment, config.indexIntervalBytes)
    await segment.storeIndexes(room.disk, true)
  }
  segment.dropIndexes()
}

/** The active segment after a clean stop: indexes as stored, the end found behind the last index entry. */
async function loadTail(room: LogRoom, segment: Segment, config: LogConfig): Promise<void> {
  const fileBytes = segment.size
  segment.endOffset = segment.baseOffset
  if (fileBytes === 0) {
    segment.startIndexes()
    return
  }
  if (!(await segment.loadIndexes(room.disk))) {
    segment.dropIndexes()
    await rebuildIndexes(room.files, segment, config.indexIntervalBytes)
  }
  segment.maxTimestamp = segment.timeIndex!.lastTimestamp
  segment.maxTimestampOffset = segment.timeIndex!.lastOffset
  const from = segment.index!.lastPosition
  segment.size = from
  await visitBatches(room.files, segment, { position: from, end: fileBytes }, (bytes, position) => {
    account(segment, bytes, position)
    return true
  })
  await readFirstTimestamp(room, segment)
  if (segment.size !== fileBytes) await cut(room, segment)
}

/** Adds one batch that the stored index already covers up to. */
function account(segment: Segment, bytes: Buffer, position: number): void {
  const timestamp = batchHeader.maxTimestamp(bytes, position)
  const lastOffset = batchHeader.lastOffset(bytes, position)
  if (timestamp > segment.maxTimestamp) {
    segment.maxTimestamp = timestamp
    segment.maxTimestampOffset = lastOffset
  }
  segment.size += batchHeader.batchByteLength(bytes, position)
  segment.bytesSinceIndexEntry += batchHeader.batchByteLength(bytes, position)
  segment.endOffset = lastOffset + 1
}

async function readFirstTimestamp(room: LogRoom, segment: Segment): Promise<void> {
  if (segment.size === 0) return
  await visitBatches(
    room.files,
    segment,
    { position: 0, end: Math.min(segment.size, FIRST_BATCH_BYTES) },
    (bytes, position) => {
      segment.firstTimestamp = batchHeader.maxTimestamp(bytes, position)
      return false
    },
  )
}

const FIRST_BATCH_BYTES = 2 * 1024 * 1024

async function recover(
  room: LogRoom,
  segments: Segment[],
  options: OpenLogOptions,
  report: { truncatedBytes: number; removedSegments: number; quarantined: { from: Offset; to: Offset }[] },
): Promise<void> {
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!
    const last = index === segments.length - 1
    if (!last && segment.endOffset <= options.recoveryPoint) continue
    const fileBytes = segment.size
    await distrustPageCache(room, segment, fileBytes)
    const scanned = await scanSegment(room, segment, fileBytes, options)
    options.onProgress(fileBytes)
    const torn =
      scanned.size < fileBytes || (!last && scanned.endOffset < segments[index + 1]!.baseOffset && scanned.size === 0)
    adopt(segment, scanned)
    if (scanned.endOffset < options.recoveryPoint && torn) {
      const to = last ? options.recoveryPoint : segments[index + 1]!.baseOffset
      report.quarantined.push({ from: scanned.endOffset, to })
      if (!last) {
        segment.size = fileBytes
        segment.endOffset = to
        segment.dropIndexes()
        continue
      }
      await quarantineTail(room, segments, segment, fileBytes, to)
      return
    }
    if (torn) {
      report.truncatedBytes += fileBytes - scanned.size
      await cut(room, segment)
      for (const later of segments.splice(index + 1)) {
        report.truncatedBytes += later.size
        report.removedSegments++
        await room.removeSegment(later, 0)
      }
      return
    }
    if (!last) {
      await segment.storeIndexes(room.disk, true)
      segment.dropIndexes()
    }
  }
}

/** The damaged range reaches the end of the log: keep its bytes, and go on in a new segment behind it. */
async function quarantineTail(
  room: LogRoom,
  segments: Segment[],
  damaged: Segment,
  fileBytes: number,
  to: Offset,
): Promise<void> {
  damaged.size = fileBytes
  damaged.endOffset = to
  const next = await createSegment(room.disk, room.files, damaged.directory, to)
  await room.disk.syncDirectory(damaged.directory)
  segments.push(next)
}

async function distrustPageCache(room: LogRoom, segment: Segment, fileBytes: number): Promise<void> {
  if (fileBytes === 0) return
  segment.uses++
  try {
    await room.files.open(segment)
    await segment.file!.sync()
    await segment.file!.advise(0, fileBytes, 'dontneed')
  } finally {
    segment.uses--
  }
}

/** Reads a whole segment with checksums; the twin that is returned ends in front of the first bad batch. */
async function scanSegment(
  room: LogRoom,
  segment: Segment,
  fileBytes: number,
  options: OpenLogOptions,
): Promise<Segment> {
  const twin = new Segment(segment.directory, segment.baseOffset)
  twin.startIndexes()
  let expected = segment.baseOffset
  await visitBatches(room.files, segment, { position: 0, end: fileBytes }, (bytes, position) => {
    const byteLength = batchHeader.batchByteLength(bytes, position)
    if (batchHeader.magic(bytes, position) !== batchHeader.BATCH_MAGIC) return false
    const baseOffset = batchHeader.baseOffset(bytes, position)
    if (baseOffset < expected || !Number.isSafeInteger(baseOffset)) return false
    const crc = crc32c(bytes, position + batchHeader.ATTRIBUTES, position + byteLength)
    if ((crc | 0) !== (batchHeader.storedCrc(bytes, position) | 0)) return false
    const lastOffset = batchHeader.lastOffset(bytes, position)
    if (lastOffset < baseOffset) return false
    twin.added(lastOffset, byteLength, batchHeader.maxTimestamp(bytes, position), options.config.indexIntervalBytes)
    expected = lastOffset + 1
    return true
  })
  return twin
}

function adopt(segment: Segment, scanned: Segment): void {
  segment.size = scanned.size
  segment.endOffset = scanned.endOffset
  segment.maxTimestamp = scanned.maxTimestamp
  segment.maxTimestampOffset = scanned.maxTimestampOffset
  segment.firstTimestamp = scanned.firstTimestamp
  segment.bytesSinceIndexEntry = scanned.bytesSinceIndexEntry
  segment.index = scanned.index
  segment.timeIndex = scanned.timeIndex
}

async function cut(room: LogRoom, segment: Segment): Promise<void> {
  await room.files.open(segment)
  await segment.file!.truncate(segment.size)
  await segment.file!.sync()
}

async function loadProducers(
  room: LogRoom,
  directory: string,
  names: readonly string[],
  segments: readonly Segment[],
  producers: ProducerStates,
): Promise<void> {
  const end = segments[segments.length - 1]!.endOffset
  const from = (await loadSnapshot(room.disk, directory, names, end, producers)) ?? segments[0]!.baseOffset
  for (const segment of segments) {
    if (segment.endOffset <= from || segment.size === 0) continue
    const position = segment.index?.floorPosition(from) ?? 0
    await visitBatches(room.files, segment, { position, end: segment.size }, (bytes, at) => {
      if (batchHeader.baseOffset(bytes, at) >= from) replay(producers, bytes, at)
      return true
    })
  }
}

/** Reused for every batch that is replayed. */
const replayed: SequencedBatch = {
  lastOffsetDelta: 0,
  maxTimestamp: -1,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  isTransactional: false,
  isControl: false,
}

function replay(producers: ProducerStates, bytes: Buffer, at: number): void {
  const producerId = batchHeader.producerId(bytes, at)
  if (producerId < 0) return
  const flags = batchHeader.attributes(bytes, at)
  const producerEpoch = batchHeader.producerEpoch(bytes, at)
  const maxTimestamp = batchHeader.maxTimestamp(bytes, at)
  if (batchHeader.isControl(flags)) {
    const offset = batchHeader.lastOffset(bytes, at)
    producers.endTransaction({
      producerId,
      producerEpoch,
      coordinatorEpoch: -1,
      offset,
      timestamp: maxTimestamp,
      aborted: false,
    })
    return
  }
  replayed.lastOffsetDelta = batchHeader.lastOffsetDelta(bytes, at)
  replayed.maxTimestamp = maxTimestamp
  replayed.producerId = producerId
  replayed.producerEpoch = producerEpoch
  replayed.baseSequence = batchHeader.baseSequence(bytes, at)
  replayed.isTransactional = batchHeader.isTransactional(flags)
  producers.update(replayed, batchHeader.baseOffset(bytes, at), false)
}

async function loadTransactions(
  room: LogRoom,
  names: readonly string[],
  segments: readonly Segment[],
): Promise<TransactionIndex> {
  const index = new TransactionIndex()
  for (const segment of segments) {
    const path = segment.path('.txnindex')
    if (names.includes(path.slice(path.lastIndexOf('/') + 1))) await index.load(room.disk, path)
  }
  index.truncateTo(segments[segments.length - 1]!.endOffset)
  return index
}
