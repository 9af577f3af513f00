import type { Offset, TopicId } from '../base/ids.ts'
import type { ConfigImage, MetadataImage } from './metadata-image.ts'
import type { MetadataRecord } from './metadata-records.ts'

/**
 * The authority over the cluster's metadata: an ordered stream of records, seen
 * as a sequence of immutable images.
 *
 * A change is a proposal: a function from the newest image to records. Proposals
 * run one at a time, each sees the effect of the one before. Its records are one
 * atomic, durable append; then replaying them, and nothing else, makes the next
 * image; then listeners run, one after the other, each awaited; then the image
 * is published as `image`, and `propose` resolves. So whatever `image` shows has
 * been applied by every listener.
 */
export interface MetadataEngine {
  readonly image: MetadataImage
  /**
   * Rejects, with nothing changed, when `build` throws or the append fails. Rejects with the listener's error when a
   * listener failed; the change itself is then in force. A proposal without records appends nothing and resolves with
   * the present image.
   */
  propose<Result>(build: (image: MetadataImage) => Proposal<Result>): Promise<Committed<Result>>
  /** Called for every later change. Returns the function that ends the subscription. */
  subscribe(listener: MetadataListener): () => void
  /** A random topic id that no topic has. */
  newTopicId(): TopicId
  /** Waits for the running proposal; later ones reject. */
  close(): Promise<void>
}

export interface Proposal<Result = undefined> {
  readonly records: readonly MetadataRecord[]
  /** Handed back by `propose` when the records are in force. */
  readonly result: Result
}

export interface Committed<Result> {
  /** The image right after the proposal. */
  readonly image: MetadataImage
  readonly result: Result
}

export type MetadataListener = (
  image: MetadataImage,
  previous: MetadataImage,
  delta: MetadataDelta,
) => void | Promise<void>

/** What differs between two images. */
export interface MetadataDelta {
  /** Topics created, deleted, or with any partition changed: look the ids up in both images. */
  readonly topics: ReadonlySet<TopicId>
  /** Resources whose overrides changed, with their new overrides. */
  readonly configs: readonly ConfigImage[]
  readonly brokers: ReadonlySet<number>
  readonly featuresChanged: boolean
}

/** Where the local engine keeps its records. One user at a time. */
export interface MetadataLogPort {
  /** Offset that the next record gets. */
  readonly endOffset: Offset
  /** Appends record values as one batch, all or nothing. Resolves once durable. A rejection means that none will be seen again. */
  append(values: readonly Uint8Array[]): Promise<AppendedRange>
  /** Calls `visit` with every record from `from` on, in offset order. Bytes are valid during the call only. */
  replay(from: Offset, visit: (value: Buffer, offset: Offset) => void): Promise<void>
  /** Bytes appended since the newest snapshot; decides when the next is due. */
  readonly bytesSinceSnapshot: number
  /**
   * Durably stores the records of everything below `endOffset`, taking `values` a batch at a time between writes; then
   * removes older snapshots and the log below `endOffset`. One at a time.
   */
  writeSnapshot(endOffset: Offset, values: Iterable<Uint8Array>): Promise<void>
  /** The newest snapshot that can be read, or undefined. */
  readSnapshot(visit: (value: Buffer) => void): Promise<Offset | undefined>
}

export interface AppendedRange {
  readonly baseOffset: Offset
  /** Exclusive. */
  readonly endOffset: Offset
}
