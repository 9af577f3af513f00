import type { Clock } from '../base/clock.ts'
import type { Offset } from '../base/ids.ts'
import type { LogObserver, PartitionLog } from '../log/index.ts'
import type { AppendedRange, MetadataLogPort } from '../metadata/index.ts'
import type { Disk } from '../native/index.ts'
import { batchHeader, batchPositions, decodeBatch, encodeBatch } from '../records/index.ts'

const REPLAY_BYTES = 1024 * 1024
const SNAPSHOT_SUFFIX = '.checkpoint'

export interface MetadataLogOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** Opens the log of `__cluster_metadata-0`. */
  load(observer: LogObserver): Promise<{ log: PartitionLog }>
}

/**
 * The metadata engine's log on a partition log: each append is one batch, and is
 * in force when the high watermark has passed it. Snapshots are Kafka's
 * `.checkpoint` files beside the segments, named by end offset and epoch.
 */
export async function openMetadataLog(options: MetadataLogOptions): Promise<MetadataLogPort> {
  const log = new MetadataLog(options)
  await log.open()
  return log
}

interface Waiting {
  readonly end: Offset
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

class MetadataLog implements MetadataLogPort, LogObserver {
  bytesSinceSnapshot = 0
  readonly #options: MetadataLogOptions
  #log!: PartitionLog
  #waiting: Waiting[] = []

  constructor(options: MetadataLogOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const { log } = await this.#options.load(this)
    this.#log = log
    await log.becomeLeader(Math.max(log.latestEpoch, 0))
    const snapshot = (await this.#snapshots())[0]
    this.bytesSinceSnapshot = snapshot === undefined ? log.sizeBytes : 0
  }

  get endOffset(): Offset {
    return this.#log.logEndOffset
  }

  async append(values: readonly Uint8Array[]): Promise<AppendedRange> {
    const timestamp = this.#options.clock.nowMs()
    const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp }))
    const bytes = encodeBatch(records)
    const slab = this.#options.disk.slabs.allocate(bytes.length)
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
    slab.release()
    if (baseOffset < 0) throw this.#log.failure ?? new Error('the metadata log is closing')
    const endOffset = baseOffset + values.length
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ end: endOffset, resolve, reject })
    })
    this.#log.flush()
    await committed
    this.bytesSinceSnapshot += bytes.length
    return { baseOffset, endOffset }
  }

  async replay(from: Offset, visit: (value: Uint8Array, offset: Offset) => void): Promise<void> {
    let next = Math.max(from, this.#log.logStartOffset)
    while (next < this.#log.logEndOffset) {
      const bytes = await this.#log.readBytes(next, this.#log.logEndOffset, REPLAY_BYTES)
      if (bytes.length === 0) throw new Error(`the metadata log has a hole at offset ${next}`)
      for (const position of batchPositions(bytes)) {
        next = batchHeader.lastOffset(bytes, position) + 1
        if (batchHeader.isControl(batchHeader.attributes(bytes, position))) continue
        for (const record of decodeBatch(bytes, position).records) {
          if (record.offset >= from && record.value !== null) visit(record.value, record.offset)
        }
      }
    }
  }

  async writeSnapshot(endOffset: Offset, values: readonly Uint8Array[]): Promise<void> {
    const timestamp = this.#options.clock.nowMs()
    const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp }))
    const name = `${String(endOffset).padStart(20, '0')}-${String(Math.max(this.#log.latestEpoch, 0)).padStart(10, '0')}`
    await this.#options.disk.writeFileAtomic(this.#path(`${name}${SNAPSHOT_SUFFIX}`), encodeBatch(records))
    for (const older of (await this.#snapshots()).slice(1)) await this.#options.disk.unlink(this.#path(older.name))
    this.bytesSinceSnapshot = 0
    await this.#log.deleteRecordsBefore(endOffset)
  }

  async readSnapshot(visit: (value: Uint8Array) => void): Promise<Offset | undefined> {
    for (const snapshot of await this.#snapshots()) {
      const bytes = await this.#options.disk.readFile(this.#path(snapshot.name))
      const values = snapshotValues(bytes)
      if (values === undefined) continue
      for (const value of values) visit(value)
      return snapshot.endOffset
    }
    return undefined
  }

  async close(): Promise<void> {}

  highWatermarkMoved(log: PartitionLog): void {
    this.#settle(
      (waiting) => waiting.end <= log.highWatermark,
      (waiting) => waiting.resolve(),
    )
  }

  appendFailed(_log: PartitionLog, from: Offset, error: Error): void {
    this.#settle(
      (waiting) => waiting.end > from,
      (waiting) => waiting.reject(error),
    )
  }

  logStartMoved(): void {}

  #settle(isMeant: (waiting: Waiting) => boolean, settle: (waiting: Waiting) => void): void {
    const meant = this.#waiting.filter(isMeant)
    this.#waiting = this.#waiting.filter((waiting) => !meant.includes(waiting))
    for (const waiting of meant) settle(waiting)
  }

  /** Newest first. */
  async #snapshots(): Promise<{ name: string; endOffset: Offset }[]> {
    const found: { name: string; endOffset: Offset }[] = []
    for (const { name } of await this.#options.disk.readdir(this.#log.directory)) {
      const match = /^(\d{20})-\d{10}\.checkpoint$/.exec(name)
      if (match !== null) found.push({ name, endOffset: Number(match[1]) })
    }
    return found.sort((left, right) => right.endOffset - left.endOffset)
  }

  #path(name: string): string {
    return `${this.#log.directory}/${name}`
  }
}

/** Undefined when the file is not whole: an older snapshot or the log has to do. */
function snapshotValues(bytes: Buffer): Uint8Array[] | undefined {
  const values: Uint8Array[] = []
  try {
    for (const position of batchPositions(bytes)) {
      if (batchHeader.isControl(batchHeader.attributes(bytes, position))) continue
      for (const record of decodeBatch(bytes, position).records) if (record.value !== null) values.push(record.value)
    }
  } catch {
    return undefined
  }
  return values
}
