import { assert } from '../base/assert.ts'
import type { TopicId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { ImageBuilder } from './image-builder.ts'
import type {
  Committed,
  MetadataDelta,
  MetadataEngine,
  MetadataListener,
  MetadataLogPort,
  Proposal,
} from './metadata-engine.ts'
import type { MetadataImage } from './metadata-image.ts'
import { encodeRecord, METADATA_VERSION, type MetadataRecord, RecordType } from './metadata-records.ts'
import { loadImage } from './metadata-replay.ts'
import { snapshotRecords } from './metadata-snapshot.ts'
import { type RandomBytes, randomTopicId } from './topic-id.ts'

export interface LocalEngineOptions {
  readonly log: MetadataLogPort
  readonly clusterId: string
  readonly logger: Logger
  readonly random: RandomBytes
  /** A snapshot is taken when this many bytes were logged since the last. */
  readonly snapshotBytesMin: number
}

/**
 * Opens the metadata of a broker that is its own controller: newest snapshot,
 * then the log behind it. An empty log gets its first record, the
 * metadata.version that all later records are written at.
 */
export async function openLocalEngine(options: LocalEngineOptions): Promise<MetadataEngine> {
  const engine = new LocalEngine(options, await loadImage(options.log, options.clusterId))
  if (!engine.image.features.has(METADATA_VERSION_FEATURE)) await engine.propose(bootstrap)
  return engine
}

function bootstrap(): Proposal {
  const value = { name: METADATA_VERSION_FEATURE, featureLevel: METADATA_VERSION }
  return { records: [{ type: RecordType.featureLevel, value }], result: undefined }
}

class LocalEngine implements MetadataEngine {
  readonly #options: LocalEngineOptions
  readonly #listeners = new Set<MetadataListener>()
  #image: MetadataImage
  /** Settles when the last proposal made so far has; never rejects. */
  #tail: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: LocalEngineOptions, image: MetadataImage) {
    this.#options = options
    this.#image = image
  }

  get image(): MetadataImage {
    return this.#image
  }

  propose<Result>(build: (image: MetadataImage) => Proposal<Result>): Promise<Committed<Result>> {
    if (this.#closed) return Promise.reject(new MetadataClosed())
    const outcome = this.#tail.then(() => this.#run(build))
    // A due snapshot holds up the next proposal, not the answer to this one.
    this.#tail = outcome.then(ignore, ignore).then(() => this.#snapshotIfDue())
    return outcome
  }

  subscribe(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  newTopicId(): TopicId {
    return randomTopicId(this.#options.random, (id) => this.#image.topicById(id) !== undefined)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#tail
  }

  async #run<Result>(build: (image: MetadataImage) => Proposal<Result>): Promise<Committed<Result>> {
    const previous = this.#image
    const { records, result } = build(previous)
    if (records.length === 0) return { image: previous, result }
    const { image, delta } = replayed(previous, records)
    const values = records.map(encodeRecord)
    const appended = await this.#options.log.append(values).catch(notStored)
    assert(appended.baseOffset === previous.nextOffset, 'nobody else appends to the metadata log')
    await this.#publish(image, previous, delta)
    return { image, result }
  }

  /** The image becomes visible whatever listeners do: the records are durable. The first listener's error is thrown at the end. */
  async #publish(image: MetadataImage, previous: MetadataImage, delta: MetadataDelta): Promise<void> {
    let failure: { error: unknown } | undefined
    for (const listener of this.#listeners) {
      try {
        await listener(image, previous, delta)
      } catch (error) {
        failure ??= { error }
      }
    }
    this.#image = image
    if (failure !== undefined) throw failure.error
  }

  /** A snapshot only saves start-up time: failing to write one is reported, and tried again after the next change. Never rejects. */
  async #snapshotIfDue(): Promise<void> {
    const { log, logger, snapshotBytesMin } = this.#options
    if (log.bytesSinceSnapshot < snapshotBytesMin) return
    try {
      await log.writeSnapshot(this.#image.nextOffset, snapshotRecords(this.#image))
    } catch (error) {
      logger.warn({ error, endOffset: this.#image.nextOffset }, 'The metadata snapshot could not be written')
    }
  }
}

/**
 * The next image, made before the append: a record that contradicts the image
 * is then a rejected proposal and not a log that cannot be replayed.
 */
function replayed(previous: MetadataImage, records: readonly MetadataRecord[]) {
  const builder = new ImageBuilder(previous)
  for (const record of records) builder.replay(record)
  builder.advanceTo(previous.nextOffset + records.length)
  return builder.finish()
}

function ignore(): void {}

function notStored(cause: unknown): never {
  throw new MetadataNotStored(cause)
}

/** The metadata log refused records; nothing has changed. `cause` says why. */
export class MetadataNotStored extends Error {
  override readonly name = 'MetadataNotStored'
  readonly code = 'SLUICE_METADATA_NOT_STORED'
  constructor(cause: unknown) {
    super(`The change could not be stored: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The broker is shutting down. */
export class MetadataClosed extends Error {
  override readonly name = 'MetadataClosed'
  readonly code = 'SLUICE_METADATA_CLOSED'
  constructor() {
    super('The broker is shutting down: metadata cannot change any more')
  }
}

const METADATA_VERSION_FEATURE = 'metadata.version'
