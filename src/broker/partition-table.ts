import type { PartitionId, TopicId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { type BrokerConfig, type TopicSettings, topicConfig } from '../config/index.ts'
import type { LoadLogOptions, PartitionLog, RecoveryReport } from '../log/index.ts'
import { ConfigResourceType, type MetadataDelta, type MetadataImage, type TopicImage } from '../metadata/index.ts'
import { ErrorCode } from '../protocol/index.ts'
import { Partition } from './partition.ts'
import type { PartitionRegistry } from './partition-registry.ts'
import { produceRules } from './produce-rules.ts'
import type { Turn } from './turn.ts'

/** Where logs come from: the log manager. */
export interface LogSource {
  load(options: LoadLogOptions): Promise<{ log: PartitionLog; report: RecoveryReport }>
}

interface TopicEntry {
  readonly topicId: TopicId
  readonly name: string
  settings: TopicSettings
  readonly partitions: (Partition | undefined)[]
}

/** Logs opened at the same time: enough to keep the I/O threads busy. */
const LOADS_AT_ONCE = 32

/**
 * The partitions that this broker leads, made to follow the metadata image: it
 * opens or creates logs, hands them new configs and epochs, and deletes those of
 * deleted topics. A partition can be found once its log is open.
 */
export class PartitionTable implements PartitionRegistry {
  readonly #byName = new Map<string, TopicEntry>()
  readonly #byId = new Map<TopicId, TopicEntry>()
  readonly #nodeId: number
  readonly #config: BrokerConfig
  readonly #logs: LogSource
  readonly #turn: Turn
  readonly #logger: Logger
  readonly #deletions = new Set<Promise<void>>()
  #size = 0

  constructor(options: { nodeId: number; config: BrokerConfig; logs: LogSource; turn: Turn; logger: Logger }) {
    this.#nodeId = options.nodeId
    this.#config = options.config
    this.#logs = options.logs
    this.#turn = options.turn
    this.#logger = options.logger
  }

  get size(): number {
    return this.#size
  }

  find(topic: string, partition: PartitionId): Partition | undefined {
    return this.#byName.get(topic)?.partitions[partition]
  }

  findById(topicId: TopicId, partition: PartitionId): Partition | undefined {
    return this.#byId.get(topicId)?.partitions[partition]
  }

  *all(): Iterable<Partition> {
    for (const entry of this.#byName.values()) {
      for (const partition of entry.partitions) if (partition !== undefined) yield partition
    }
  }

  /** What an acknowledgement of a topic means, and why; undefined for unknown topics. */
  settings(topic: string): TopicSettings | undefined {
    return this.#byName.get(topic)?.settings
  }

  /** Opens every partition of the image, at start. */
  async loadAll(image: MetadataImage, onProgress: (byteLength: number) => void): Promise<RecoveryReport[]> {
    const work: (() => Promise<RecoveryReport>)[] = []
    for (const topic of image.topics.values()) {
      const entry = this.#entryOf(image, topic)
      for (const { partition, leader } of topic.partitions) {
        if (leader === this.#nodeId) work.push(() => this.#open(entry, topic, partition, onProgress))
      }
    }
    return inParallel(work)
  }

  /** Follows one change of the image. The returned promise settles when every partition is as the image says. */
  async apply(image: MetadataImage, _previous: MetadataImage, delta: MetadataDelta): Promise<void> {
    for (const topicId of delta.topics) {
      const topic = image.topicById(topicId)
      if (topic === undefined) this.#deleteTopic(topicId)
      else await this.#updateTopic(image, topic)
    }
    const brokerChanged = delta.configs.some((change) => change.type === ConfigResourceType.broker)
    if (brokerChanged) {
      this.#config.setDynamic({ broker: image.brokerConfig(this.#nodeId), clusterDefault: image.defaultBrokerConfig() })
      for (const entry of this.#byName.values()) this.#configure(entry, image)
    } else {
      for (const change of delta.configs) {
        const entry = this.#byName.get(change.name)
        if (change.type === ConfigResourceType.topic && entry !== undefined) this.#configure(entry, image)
      }
    }
  }

  /** Waits for deletions that were begun. */
  async settled(): Promise<void> {
    await Promise.all(this.#deletions)
  }

  #entryOf(image: MetadataImage, topic: TopicImage): TopicEntry {
    const known = this.#byId.get(topic.id)
    if (known !== undefined) return known
    const settings = topicConfig(image.topicConfig(topic.name), this.#config)
    const entry: TopicEntry = { topicId: topic.id, name: topic.name, settings, partitions: [] }
    this.#byName.set(topic.name, entry)
    this.#byId.set(topic.id, entry)
    return entry
  }

  async #updateTopic(image: MetadataImage, topic: TopicImage): Promise<void> {
    // A topic of the same name may still be on its way out: its directories have to be renamed first.
    if (this.#deletions.size > 0) await this.settled()
    const entry = this.#entryOf(image, topic)
    const openings: (() => Promise<unknown>)[] = []
    for (const { partition, leader, leaderEpoch } of topic.partitions) {
      if (leader !== this.#nodeId) continue
      const known = entry.partitions[partition]
      if (known === undefined) openings.push(() => this.#open(entry, topic, partition, () => {}))
      else if (known.leaderEpoch !== leaderEpoch) openings.push(() => lead(known, leaderEpoch))
    }
    await inParallel(openings)
  }

  async #open(
    entry: TopicEntry,
    topic: TopicImage,
    partition: PartitionId,
    onProgress: (byteLength: number) => void,
  ): Promise<RecoveryReport> {
    const { leaderEpoch } = topic.partitions[partition]!
    const rules = produceRules(entry.name, entry.settings, this.#config)
    const opened = new Partition({
      topic: topic.name,
      topicId: topic.id,
      partition,
      leaderEpoch,
      rules,
      turn: this.#turn,
    })
    const { log, report } = await this.#logs.load({
      partition: { topic: topic.name, topicId: topic.id, partition, policy: () => entry.settings.durability },
      config: entry.settings,
      observer: opened,
      onProgress,
    })
    opened.attach(log)
    await log.becomeLeader(leaderEpoch)
    entry.partitions[partition] = opened
    this.#size++
    return report
  }

  #deleteTopic(topicId: TopicId): void {
    const entry = this.#byId.get(topicId)
    if (entry === undefined) return
    this.#byId.delete(topicId)
    if (this.#byName.get(entry.name) === entry) this.#byName.delete(entry.name)
    for (const partition of entry.partitions) {
      if (partition === undefined) continue
      this.#size--
      partition.retire(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      this.#track(partition, partition.log.delete(entry.settings.fileDeleteDelayMs))
    }
  }

  #track(partition: Partition, deletion: Promise<void>): void {
    const tracked = deletion
      .catch((error: unknown) => {
        const name = `${partition.topic}-${partition.partition}`
        this.#logger.error({ partition: name, error: String(error) }, 'a deleted partition could not be removed')
      })
      .finally(() => this.#deletions.delete(tracked))
    this.#deletions.add(tracked)
  }

  #configure(entry: TopicEntry, image: MetadataImage): void {
    entry.settings = topicConfig(image.topicConfig(entry.name), this.#config)
    const rules = produceRules(entry.name, entry.settings, this.#config)
    for (const partition of entry.partitions) {
      if (partition === undefined) continue
      partition.rules = rules
      partition.log.setConfig(entry.settings)
    }
  }
}

/** Runs the tasks, a bounded number at a time: each may need several descriptors. */
async function inParallel<Result>(tasks: readonly (() => Promise<Result>)[]): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const workers = Array.from({ length: Math.min(LOADS_AT_ONCE, tasks.length) }, async () => {
    while (next < tasks.length) results.push(await tasks[next++]!())
  })
  await Promise.all(workers)
  return results
}

async function lead(partition: Partition, leaderEpoch: number): Promise<void> {
  partition.leaderEpoch = leaderEpoch
  await partition.log.becomeLeader(leaderEpoch)
}
