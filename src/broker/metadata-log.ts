import type { Clock } from '../base/clock.ts'
import type { Offset } from '../base/ids.ts'
import { LogError, LogErrorCode, type LogObserver, type PartitionLog } from '../log/index.ts'
import type { AppendedRange, MetadataLogPort } from '../metadata/index.ts'
import type { Disk } from '../native/index.ts'
import { batchHeader, batchPositions, decodeBatch, encodeBatch } from '../records/index.ts'
import { MetadataSnapshots } from './metadata-snapshots.ts'

const REPLAY_BYTES = 1024 * 1024

export interface MetadataLogOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** Opens the log of `__cluster_metadata-0`. */
  load(observer: LogObserver): Promise<{ log: PartitionLog }>
}

/**
 * The metadata engine's log on a partition log: each append is one batch, and is
 * in force when the high watermark has passed it. The log's policy must sync
 * before it moves the high watermark. Closing is the log's owner's business.
 */
export async function openMetadataLog(options: MetadataLogOptions): Promise<MetadataLogPort> {
  const acknowledgements = new Acknowledgements()
  const { log } = await options.load(acknowledgements)
  await log.becomeLeader(Math.max(log.latestEpoch, 0))
  return new MetadataLog(options, log, acknowledgements)
}

class MetadataLog implements MetadataLogPort {
  bytesSinceSnapshot = 0
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #log: PartitionLog
  readonly #acknowledgements: Acknowledgements
  readonly #snapshots: MetadataSnapshots

  constructor(options: MetadataLogOptions, log: PartitionLog, acknowledgements: Acknowledgements) {
    this.#disk = options.disk
    this.#clock = options.clock
    this.#log = log
    this.#acknowledgements = acknowledgements
    this.#snapshots = new MetadataSnapshots({ disk: options.disk, directory: log.directory, clock: options.clock })
  }

  get endOffset(): Offset {
    return this.#log.logEndOffset
  }

  async append(values: readonly Uint8Array[]): Promise<AppendedRange> {
    const timestamp = this.#clock.nowMs()
    const bytes = encodeBatch(values.map((value) => ({ key: null, value, timestamp })))
    const slab = this.#disk.slabs.allocate(bytes.length)
    slab.bytes.set(bytes)
    const baseOffset = this.#log.append({
      slab,
      position: 0,
      byteLength: bytes.length,
      lastOffsetDelta: values.length - 1,
      maxTimestamp: timestamp,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      isTransactional: false,
      isControl: false,
    })
    // The log pinned what it took.
    slab.release()
    if (baseOffset < 0)
      throw this.#log.failure ?? new LogError(LogErrorCode.failed, this.#log.directory, 'the log is closing')
    const endOffset = baseOffset + values.length
    const acknowledged = this.#acknowledgements.of(endOffset)
    this.#log.flush()
    await acknowledged
    this.bytesSinceSnapshot += bytes.length
    return { baseOffset, endOffset }
  }

  async replay(from: Offset, visit: (value: Buffer, offset: Offset) => void): Promise<void> {
    const log = this.#log
    let next = Math.max(from, log.logStartOffset)
    if (next > from || from > log.logEndOffset) throw this.#hole(from)
    while (next < log.logEndOffset) {
      const bytes = await log.readBytes(next, log.logEndOffset, REPLAY_BYTES)
      if (bytes.length === 0) throw this.#hole(next)
      this.bytesSinceSnapshot += bytes.length
      for (const position of batchPositions(bytes)) {
        next = batchHeader.lastOffset(bytes, position) + 1
        // Apache Kafka's leader changes and the like say nothing about the cluster.
        if (batchHeader.isControl(batchHeader.attributes(bytes, position))) continue
        for (const { offset, value } of decodeBatch(bytes, position).records) {
          if (offset >= from && value !== null) visit(value, offset)
        }
      }
    }
  }

  async writeSnapshot(endOffset: Offset, values: Iterable<Uint8Array>): Promise<void> {
    const bytesBefore = this.bytesSinceSnapshot
    await this.#snapshots.write({ endOffset, epoch: Math.max(this.#log.latestEpoch, 0) }, values)
    this.bytesSinceSnapshot -= bytesBefore
    await this.#log.deleteRecordsBefore(endOffset)
  }

  readSnapshot(visit: (value: Buffer) => void): Promise<Offset | undefined> {
    return this.#snapshots.readNewest(visit)
  }

  #hole(offset: Offset): LogError {
    return new LogError(
      LogErrorCode.damaged,
      this.#log.directory,
      `the metadata log and its snapshots do not meet: offset ${offset} is missing. Restore the data directory from a copy`,
    )
  }
}

interface Waiting {
  readonly end: Offset
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Appends that wait for the high watermark. */
class Acknowledgements implements LogObserver {
  #waiting: Waiting[] = []

  of(end: Offset): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ end, resolve, reject }))
  }

  highWatermarkMoved(log: PartitionLog): void {
    for (const waiting of this.#take((end) => end <= log.highWatermark)) waiting.resolve()
  }

  appendFailed(_log: PartitionLog, from: Offset, error: Error): void {
    for (const waiting of this.#take((end) => end > from)) waiting.reject(error)
  }

  logStartMoved(): void {}

  #take(isMeant: (end: Offset) => boolean): Waiting[] {
    const taken = this.#waiting.filter(({ end }) => isMeant(end))
    this.#waiting = this.#waiting.filter(({ end }) => !isMeant(end))
    return taken
  }
}
