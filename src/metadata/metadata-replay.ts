import type { Offset } from '../base/ids.ts'
import { Reader } from '../protocol/index.ts'
import { ImageBuilder } from './image-builder.ts'
import type { MetadataLogPort } from './metadata-engine.ts'
import { MetadataImage } from './metadata-image.ts'
import { decodeRecord, type ImageRecord, type OpaqueRecord, RecordType } from './metadata-records.ts'

/** The image that a stored metadata log yields: its newest readable snapshot and everything after it. */
export async function loadImage(log: MetadataLogPort, clusterId: string): Promise<MetadataImage> {
  const replay = new Replay(new ImageBuilder(MetadataImage.empty(clusterId)))
  const snapshotEnd = await log.readSnapshot((value) => replay.visit(value))
  if (snapshotEnd !== undefined) replay.advanceTo(snapshotEnd)
  await log.replay(snapshotEnd ?? 0, (value, offset) => {
    replay.visit(value)
    replay.advanceTo(offset + 1)
  })
  replay.advanceTo(log.endOffset)
  return replay.finish()
}

/** Decodes records and applies them, holding back those of a metadata transaction until it ends. */
class Replay {
  readonly #builder: ImageBuilder
  readonly #reader = new Reader()
  #transaction: (ImageRecord | OpaqueRecord)[] | undefined

  constructor(builder: ImageBuilder) {
    this.#builder = builder
  }

  visit(value: Buffer): void {
    const record = decodeRecord(value, this.#reader)
    switch (record.type) {
      case RecordType.ignored:
        return
      case RecordType.beginTransaction:
        this.#transaction = []
        return
      case RecordType.abortTransaction:
        this.#transaction = undefined
        return
      case RecordType.endTransaction:
        for (const held of this.#transaction ?? []) this.#builder.replay(held)
        this.#transaction = undefined
        return
      default:
        this.#apply(record)
    }
  }

  advanceTo(nextOffset: Offset): void {
    this.#builder.advanceTo(nextOffset)
  }

  /** A transaction that never ended does not count. */
  finish(): MetadataImage {
    return this.#builder.finish().image
  }

  #apply(record: ImageRecord | OpaqueRecord): void {
    if (this.#transaction === undefined) this.#builder.replay(record)
    else this.#transaction.push(record.type === RecordType.opaque ? copied(record) : record)
  }
}

function copied(record: OpaqueRecord): OpaqueRecord {
  return { type: record.type, value: Uint8Array.from(record.value) }
}
