import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { type BrokerServices, EncodedAnswer, type Handler, type RequestContext } from '../../src/broker/handler.ts'
import { Partition } from '../../src/broker/partition.ts'
import type { PartitionRegistry } from '../../src/broker/partition-registry.ts'
import { produceRules } from '../../src/broker/produce-rules.ts'
import { Turn } from '../../src/broker/turn.ts'
import { brokerConfig, topicConfig } from '../../src/config/index.ts'
import { createTopics, type NewTopic, ProducerIds, type TopicImage } from '../../src/metadata/index.ts'
import { decode, encode, Reader, Writer } from '../../src/protocol/index.ts'
import { CLUSTER_ID, creation, NODE_ID, newTopic, openRegistered } from '../metadata/builders.ts'
import { FakeMetadataLog } from '../metadata/fake-metadata-log.ts'
import { FakePartitionLog } from './fake-partition-log.ts'

export { CLUSTER_ID, NODE_ID, newTopic }

/** A broker without sockets and without files: real metadata over a log in memory, partitions that follow it. */
export class AdminFixture {
  readonly services: BrokerServices
  readonly metadataLog: FakeMetadataLog
  readonly partitionLogs: Map<string, FakePartitionLog>

  private constructor(
    services: BrokerServices,
    metadataLog: FakeMetadataLog,
    partitionLogs: Map<string, FakePartitionLog>,
  ) {
    this.services = services
    this.metadataLog = metadataLog
    this.partitionLogs = partitionLogs
  }

  static async open(values: Readonly<Record<string, string | number | boolean>> = {}): Promise<AdminFixture> {
    const metadataLog = new FakeMetadataLog()
    const metadata = await openRegistered(metadataLog)
    const config = brokerConfig({ 'node.id': NODE_ID, ...values })
    const partitions = new FakePartitions()
    metadata.subscribe((image, _previous, delta) => {
      for (const id of delta.topics) partitions.follow(id, image.topicById(id))
      config.setDynamic({ broker: image.brokerConfig(NODE_ID), clusterDefault: image.defaultBrokerConfig() })
    })
    const services: BrokerServices = {
      config,
      metadata,
      partitions,
      clock: systemClock,
      logger: silentLogger,
      clusterId: CLUSTER_ID,
      nodeId: NODE_ID,
      producerIds: new ProducerIds(metadata, NODE_ID),
      listeners: [
        { name: 'INSIDE', host: 'inside', port: 9092 },
        { name: 'OUTSIDE', host: 'outside', port: 9093 },
      ],
    }
    return new AdminFixture(services, metadataLog, partitions.logs)
  }

  get image() {
    return this.services.metadata.image
  }

  async create(...topics: (string | NewTopic)[]): Promise<void> {
    const wanted = topics.map((topic) => (typeof topic === 'string' ? newTopic(topic) : topic))
    await this.services.metadata.propose((image) => {
      const { records } = createTopics(image, wanted, creation())
      return { records, result: undefined }
    })
  }

  topicId(name: string): string {
    return this.image.topic(name)!.id
  }

  /** Sends a request through its codec at a version, and the answer back through its own: as a client of that version sees it. */
  async call<Request, Response>(
    handler: Handler<Request, Response>,
    version: number,
    request: Request,
    context: Partial<RequestContext> = {},
  ): Promise<Response> {
    const writer = new Writer()
    encode(handler.request, writer, version, request)
    const reader = new Reader()
    reader.reset(writer.bytes, 0, writer.position)
    const answer = await handler.handle(this.services, decode(handler.request, reader, version), {
      connection: 1,
      listener: 0,
      apiVersion: version,
      correlationId: 1,
      clientId: 'test',
      remoteAddress: '127.0.0.1',
      ...context,
    })
    const bytes = answer instanceof EncodedAnswer ? answer.bytes : encoded(handler, version, answer)
    const answerReader = new Reader()
    answerReader.reset(bytes, 0, bytes.length)
    const decoded = decode(handler.response, answerReader, version)
    if (answerReader.remaining !== 0) throw new Error(`${answerReader.remaining} bytes follow the answer`)
    return decoded
  }
}

/** Every version that a handler serves. */
export function versionsOf(handler: { readonly versions: readonly [number, number] }): number[] {
  const [first, last] = handler.versions
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function encoded<Request, Response>(handler: Handler<Request, Response>, version: number, answer: Response): Buffer {
  const writer = new Writer()
  encode(handler.response, writer, version, answer)
  return Buffer.from(writer.written())
}

class FakePartitions implements PartitionRegistry {
  readonly logs = new Map<string, FakePartitionLog>()
  readonly #partitions = new Map<string, Partition>()
  readonly #turn = new Turn()

  get size(): number {
    return this.#partitions.size
  }

  find(topic: string, partition: number): Partition | undefined {
    return this.#partitions.get(`${topic}-${partition}`)
  }

  findById(topicId: string, partition: number): Partition | undefined {
    return [...this.#partitions.values()].find((each) => each.topicId === topicId && each.partition === partition)
  }

  all(): Iterable<Partition> {
    return this.#partitions.values()
  }

  follow(topicId: string, topic: TopicImage | undefined): void {
    for (const [key, partition] of this.#partitions) if (partition.topicId === topicId) this.#partitions.delete(key)
    for (const { partition, leaderEpoch } of topic?.partitions ?? []) this.#add(topic!, partition, leaderEpoch)
  }

  #add(topic: TopicImage, partition: number, leaderEpoch: number): void {
    const key = `${topic.name}-${partition}`
    const config = brokerConfig()
    const rules = produceRules(topic.name, topicConfig(new Map(), config), config)
    const added = new Partition({
      topic: topic.name,
      topicId: topic.id,
      partition,
      leaderEpoch,
      rules,
      turn: this.#turn,
    })
    const log = new FakePartitionLog()
    added.attach(log)
    this.logs.set(key, log)
    this.#partitions.set(key, added)
  }
}
