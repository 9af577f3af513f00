import { type PartitionLog, type ReadResult, ReadStatus } from '../../../src/log/index.ts'
import type { Disk } from '../../../src/native/index.ts'
import {
  type BatchFields,
  batchHeader,
  batchPositions,
  type Codec,
  compress,
  decodeBatch,
  encodeBatch,
  encodeRecords,
  frameBatch,
  type NewRecord,
} from '../../../src/records/index.ts'

/** Records with values that name them, one a millisecond. */
export function recordsOf(count: number, fields: { timestamp?: number; valueBytes?: number } = {}): NewRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: null,
    value: Buffer.alloc(fields.valueBytes ?? 10, `v${index} `),
    timestamp: (fields.timestamp ?? 1_000) + index,
  }))
}

/** Appends one batch as the produce path does, without flushing. Returns its base offset. */
export function append(disk: Disk, log: PartitionLog, bytes: Buffer): number {
  const slab = disk.slabs.allocate(bytes.length)
  bytes.copy(slab.bytes)
  const flags = batchHeader.attributes(bytes, 0)
  const offset = log.append({
    slab,
    position: 0,
    byteLength: bytes.length,
    lastOffsetDelta: batchHeader.lastOffsetDelta(bytes, 0),
    maxTimestamp: batchHeader.maxTimestamp(bytes, 0),
    producerId: batchHeader.producerId(bytes, 0),
    producerEpoch: batchHeader.producerEpoch(bytes, 0),
    baseSequence: batchHeader.baseSequence(bytes, 0),
    isTransactional: batchHeader.isTransactional(flags),
    isControl: batchHeader.isControl(flags),
  })
  slab.release()
  return offset
}

/** Appends `count` records as one batch and flushes. */
export function write(disk: Disk, log: PartitionLog, records: readonly NewRecord[], fields: BatchFields = {}): number {
  const offset = append(disk, log, encodeBatch(records, fields))
  log.flush()
  return offset
}

export async function compressedBatch(records: readonly NewRecord[], codec: Codec): Promise<Buffer> {
  const section = encodeRecords(records)
  return frameBatch({ ...section, bytes: await compress(codec, section.bytes) }, codec, {})
}

/** Resolves once nothing of the log is queued or unacknowledged, or the log has failed: rolls and threaded writes take turns of the loop. */
export async function settled(log: PartitionLog): Promise<void> {
  while (log.failure === undefined && log.highWatermark < log.logEndOffset) {
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

/** What `checkProducer` says of a batch of one producer. */
export function check(disk: Disk, log: PartitionLog, records: number, fields: BatchFields): number {
  const slab = disk.slabs.allocate(1)
  const answer = log.checkProducer({
    slab,
    position: 0,
    byteLength: 1,
    lastOffsetDelta: records - 1,
    maxTimestamp: 1_000,
    producerId: fields.producerId ?? -1,
    producerEpoch: fields.producerEpoch ?? -1,
    baseSequence: fields.baseSequence ?? -1,
    isTransactional: fields.isTransactional ?? false,
    isControl: false,
  })
  slab.release()
  return answer
}

export interface Fetched {
  readonly status: ReadStatus
  readonly bytes: Buffer
  readonly nextOffset: number
}

export interface FetchOptions {
  readonly end?: number
  readonly maxBytes?: number
  readonly atLeastOne?: boolean
}

/** Reads as a fetch does: repeats while pending, then takes the bytes out of the file. */
export async function fetch(log: PartitionLog, fetchOffset: number, options: FetchOptions = {}): Promise<Fetched> {
  const target: ReadResult = { file: undefined, position: 0, byteLength: 0, nextOffset: -1, ready: undefined }
  const request = {
    fetchOffset,
    end: options.end ?? log.highWatermark,
    maxBytes: options.maxBytes ?? 1024 * 1024,
    atLeastOne: options.atLeastOne ?? true,
  }
  for (let attempt = 0; attempt < 50; attempt++) {
    const status = log.read(request, target)
    if (status === ReadStatus.pending) {
      await target.ready
      continue
    }
    const bytes = Buffer.alloc(status === ReadStatus.ok ? target.byteLength : 0)
    if (bytes.length > 0 && target.file!.readSync(target.position, bytes, 0, bytes.length) !== bytes.length) {
      throw new Error('the region that a read promised is not in the file')
    }
    return { status, bytes, nextOffset: target.nextOffset }
  }
  throw new Error('a read stayed pending')
}

/** Offset and value of every record in whole batches. */
export function decode(bytes: Buffer): { offset: number; value: string }[] {
  const found: { offset: number; value: string }[] = []
  for (const position of batchPositions(bytes)) {
    for (const record of decodeBatch(bytes, position).records) {
      found.push({ offset: record.offset, value: String(record.value) })
    }
  }
  return found
}

/** Offsets of all records that a consumer gets that starts at `from`. Stops at the first answer that is not ok. */
export async function consume(log: PartitionLog, from = log.logStartOffset): Promise<number[]> {
  const offsets: number[] = []
  for (let next = from; next < log.highWatermark; ) {
    const { status, bytes, nextOffset } = await fetch(log, next)
    if (status !== ReadStatus.ok || bytes.length === 0) break
    for (const { offset } of decode(bytes)) if (offset >= next) offsets.push(offset)
    next = nextOffset
  }
  return offsets
}

/** from, from + 1, … to - 1. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index)
}
