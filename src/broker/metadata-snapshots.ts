import type { Clock } from '../base/clock.ts'
import type { LeaderEpoch, Offset } from '../base/ids.ts'
import type { Disk, DiskFile } from '../native/index.ts'
import { encode, type Message, snapshotFooterRecord, snapshotHeaderRecord, Writer } from '../protocol/index.ts'
import {
  type BatchFields,
  batchHeader,
  batchPositions,
  decodeBatch,
  encodeBatch,
  type NewRecord,
  RecordsError,
} from '../records/index.ts'

/**
 * Snapshots of the metadata log, as Kafka's files beside its segments:
 *
 *     <end offset, 20 digits>-<epoch, 10 digits>.checkpoint
 *     control batch: header │ batches of records … │ control batch: footer
 *
 * A file appears under its name only when all of it is on the device. What does
 * not decode from header to footer is no snapshot and is passed over: an older
 * one, or the log, has to do.
 */
export class MetadataSnapshots {
  readonly #disk: Disk
  readonly #directory: string
  readonly #clock: Clock

  constructor(options: { readonly disk: Disk; readonly directory: string; readonly clock: Clock }) {
    this.#disk = options.disk
    this.#directory = options.directory
    this.#clock = options.clock
  }

  /** Writes a batch at a time, so that the event loop gets a turn in between; then removes older snapshots. */
  async write(id: SnapshotId, values: Iterable<Uint8Array>): Promise<void> {
    const name = fileName(id)
    const unfinished = this.#path(name + UNFINISHED_SUFFIX)
    const file = await this.#disk.open(unfinished, { write: true, create: true, truncate: true })
    try {
      await this.#fill(file, id.epoch, values)
      await file.sync()
    } finally {
      file.close()
    }
    await this.#disk.rename(unfinished, this.#path(name))
    await this.#disk.syncDirectory(this.#directory)
    for (const older of await this.#list()) {
      if (older.endOffset < id.endOffset) await this.#disk.unlink(this.#path(older.name))
    }
  }

  /** Visits the records of the newest whole snapshot and returns its end offset. */
  async readNewest(visit: (value: Buffer) => void): Promise<Offset | undefined> {
    for (const { name, endOffset } of await this.#list()) {
      const values = wholeSnapshot(await this.#disk.readFile(this.#path(name)))
      if (values === undefined) continue
      for (const value of values) visit(value)
      return endOffset
    }
    return undefined
  }

  async #fill(file: DiskFile, epoch: LeaderEpoch, values: Iterable<Uint8Array>): Promise<void> {
    const timestamp = this.#clock.nowMs()
    let position = 0
    let baseOffset = 0
    const append = async (records: readonly NewRecord[], fields: BatchFields) => {
      const bytes = encodeBatch(records, { ...fields, baseOffset, partitionLeaderEpoch: epoch })
      await file.write(position, bytes)
      position += bytes.length
      baseOffset += records.length
    }
    const headerValue = controlValue(snapshotHeaderRecord, { version: 0, lastContainedLogTimestamp: timestamp })
    await append([{ key: controlKey(HEADER_TYPE), value: headerValue, timestamp }], { isControl: true })
    for (const batch of batchesOf(values)) {
      await append(
        batch.map((value) => ({ key: null, value, timestamp })),
        {},
      )
    }
    const footerValue = controlValue(snapshotFooterRecord, { version: 0 })
    await append([{ key: controlKey(FOOTER_TYPE), value: footerValue, timestamp }], { isControl: true })
  }

  /** Newest first. */
  async #list(): Promise<{ name: string; endOffset: Offset }[]> {
    const found: { name: string; endOffset: Offset }[] = []
    for (const { name } of await this.#disk.readdir(this.#directory)) {
      const match = FILE_NAME.exec(name)
      if (match !== null) found.push({ name, endOffset: Number(match[1]) })
    }
    return found.sort((left, right) => right.endOffset - left.endOffset)
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`
  }
}

export interface SnapshotId {
  /** Exclusive: the snapshot stands for everything below it. */
  readonly endOffset: Offset
  readonly epoch: LeaderEpoch
}

function fileName({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`
}

function* batchesOf(values: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let byteLength = 0
  for (const value of values) {
    batch.push(value)
    byteLength += value.length
    if (byteLength < BATCH_BYTES_MIN) continue
    yield batch
    batch = []
    byteLength = 0
  }
  if (batch.length > 0) yield batch
}

/** Undefined when the file is not whole. */
function wholeSnapshot(bytes: Buffer): Buffer[] | undefined {
  const values: Buffer[] = []
  const controls: number[] = []
  try {
    for (const position of batchPositions(bytes)) {
      const isControl = batchHeader.isControl(batchHeader.attributes(bytes, position))
      for (const { key, value } of decodeBatch(bytes, position).records) {
        if (isControl) controls.push(key === null ? -1 : key.readInt16BE(CONTROL_TYPE))
        else if (value !== null) values.push(value)
      }
    }
  } catch (error) {
    if (error instanceof RecordsError || error instanceof RangeError) return undefined
    throw error
  }
  return controls[0] === HEADER_TYPE && controls.at(-1) === FOOTER_TYPE ? values : undefined
}

/** Version, always 0, and type. */
function controlKey(type: number): Buffer {
  const key = Buffer.alloc(CONTROL_TYPE + 2)
  key.writeInt16BE(type, CONTROL_TYPE)
  return key
}

function controlValue<Value>(format: Message<Value>, value: Value): Buffer {
  const writer = new Writer(32)
  encode(format, writer, 0, value)
  return writer.written()
}

const CONTROL_TYPE = 2
const HEADER_TYPE = 3
const FOOTER_TYPE = 4
const BATCH_BYTES_MIN = 64 * 1024
const UNFINISHED_SUFFIX = '.part'
const FILE_NAME = /^(\d{20})-\d{10}\.checkpoint$/
