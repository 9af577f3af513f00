import { randomBytes, randomInt } from 'node:crypto'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Logger, silentLogger } from '../base/logger.ts'
import { createCommitter } from '../commit/index.ts'
import { type BrokerConfig, resolveDurability } from '../config/index.ts'
import { LogManager } from '../log/index.ts'
import {
  bumpLeaderEpochs,
  claimLeaderless,
  METADATA_TOPIC,
  METADATA_TOPIC_ID,
  type MetadataEngine,
  openLocalEngine,
  ProducerIds,
  randomUuid,
  registerBroker,
} from '../metadata/index.ts'
import { type Disk, ioMode, loadAddon, openDisk, openTransport, type Slab, type Transport } from '../native/index.ts'
import { RequestServer, type ResponseSink } from '../net/index.ts'
import { BatchValidator, createBatchChecksum, createRecordWalk, RecordValidator } from '../records/index.ts'
import { FetchPath } from './fetch-path.ts'
import { FetchSessionCache } from './fetch-session.ts'
import type { AdvertisedListener, BrokerServices } from './handler.ts'
import { brokerHandlers } from './handlers/index.ts'
import { openMetadataLog } from './metadata-log.ts'
import { metadataLogConfig } from './metadata-log-config.ts'
import { PartitionTable } from './partition-table.ts'
import { ProducePath } from './produce-path.ts'
import { Router } from './router.ts'
import type { BoundListener, BrokerOptions, RecoverySummary, RunningBroker } from './running-broker.ts'
import { transportOptions } from './transport-options.ts'
import { Turn } from './turn.ts'

/** How long a stop waits for requests in progress. */
const DRAIN_MS = 5_000
/** Share of the process's descriptors that segment files may take; sockets and the rest need the others. */
const FILES_MAX = 1_500
const DECOMPRESSED_BYTES_MAX = 256 * 1024 * 1024

/**
 * Starts a broker: data directory, metadata, partitions (recovered after an
 * unclean stop), then sockets. Resolves when it accepts; rejects with LogError,
 * ListenError or DiskError, everything undone.
 */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const broker = new Broker(options)
  try {
    await broker.start()
  } catch (error) {
    await broker.close().catch(() => {})
    throw error
  }
  return broker
}

class Broker implements RunningBroker {
  readonly ioMode = ioMode()
  readonly durability
  readonly failed: Promise<Error>
  listeners: readonly BoundListener[] = []
  recovery: RecoverySummary = { unclean: false, truncatedBytes: 0, quarantinedRanges: 0, removedSegments: 0 }
  readonly #options: BrokerOptions
  readonly #config: BrokerConfig
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #disk: Disk
  readonly #turn = new Turn()
  #fail: (error: Error) => void = () => {}
  #logs: LogManager | undefined
  #metadata: MetadataEngine | undefined
  #table: PartitionTable | undefined
  #transport: Transport | undefined
  #server: RequestServer | undefined
  #produce: ProducePath | undefined
  #fetch: FetchPath | undefined
  #emptySlab: Slab | undefined
  #closing: Promise<void> | undefined

  constructor(options: BrokerOptions) {
    this.#options = options
    this.#config = options.config
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#disk = options.disk ?? openDisk()
    this.durability = resolveDurability(new Map(), options.config)
    this.failed = new Promise((resolve) => {
      this.#fail = resolve
    })
  }

  get clusterId(): string {
    return this.#logs?.identity.clusterId ?? ''
  }

  get partitionCount(): number {
    return this.#table?.size ?? 0
  }

  get connectionCount(): number {
    return this.#server?.connectionCount ?? 0
  }

  async start(): Promise<void> {
    const logs = await this.#openLogs()
    const metadata = await this.#openMetadata(logs)
    const table = await this.#openPartitions(logs, metadata)
    await this.#bind()
    this.#serve(logs, metadata, table)
    await this.#register(metadata, logs)
    logs.start()
  }

  async #openLogs(): Promise<LogManager> {
    const config = this.#config
    this.#logs = await LogManager.open({
      directory: config.logDirectory,
      disk: this.#disk,
      clock: this.#clock,
      logger: this.#logger,
      committer: createCommitter({ clock: this.#clock }),
      nodeId: config.nodeId,
      filesMax: FILES_MAX,
      checkpointPeriodMs: config.number('log.flush.offset.checkpoint.interval.ms'),
      retentionPeriodMs: config.number('log.retention.check.interval.ms'),
      onFailed: (error) => this.#onFailed(error),
    })
    return this.#logs
  }

  async #openMetadata(logs: LogManager): Promise<MetadataEngine> {
    const { durability } = resolveDurability(new Map([['durability', 'always']]), this.#config)
    const policy = { durability, flushMs: Number.POSITIVE_INFINITY, flushMessages: Number.POSITIVE_INFINITY }
    const log = await openMetadataLog({
      disk: this.#disk,
      load: (observer) =>
        logs.load({
          partition: { topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partition: 0, policy: () => policy },
          config: metadataLogConfig(this.#config),
          observer,
        }),
      clock: this.#clock,
    })
    this.#metadata = await openLocalEngine({
      log,
      clusterId: logs.identity.clusterId,
      logger: this.#logger,
      random: randomBytes,
      snapshotBytesMin: this.#config.number('metadata.log.max.record.bytes.between.snapshots'),
    })
    return this.#metadata
  }

  async #openPartitions(logs: LogManager, metadata: MetadataEngine): Promise<PartitionTable> {
    const config = this.#config
    const nodeId = config.nodeId
    const unclean = !logs.wasClean && metadata.image.brokers.size > 0
    if (unclean) await metadata.propose((image) => ({ records: bumpLeaderEpochs(image, nodeId), result: undefined }))
    await metadata.propose((image) => ({ records: claimLeaderless(image, nodeId), result: undefined }))
    const { image } = metadata
    config.setDynamic({ broker: image.brokerConfig(nodeId), clusterDefault: image.defaultBrokerConfig() })
    const table = new PartitionTable({ nodeId, config, logs, turn: this.#turn, logger: this.#logger })
    this.#table = table
    await this.#reportStrays(logs, metadata)
    let bytesDone = 0
    const reports = await table.loadAll(image, (byteLength) => {
      bytesDone += byteLength
      this.#options.onProgress?.({ partitionsDone: table.size, partitions: image.partitionCount, bytesDone })
    })
    this.recovery = {
      unclean,
      truncatedBytes: reports.reduce((sum, report) => sum + report.truncatedBytes, 0),
      quarantinedRanges: reports.reduce((sum, report) => sum + report.quarantined.length, 0),
      removedSegments: reports.reduce((sum, report) => sum + report.removedSegments, 0),
    }
    if (unclean) this.#logger.warn({ ...this.recovery }, 'recovered after an unclean stop')
    metadata.subscribe((next, previous, delta) => table.apply(next, previous, delta))
    return table
  }

  /** Directories of topics that the metadata does not know are left alone, and named. */
  async #reportStrays(logs: LogManager, metadata: MetadataEngine): Promise<void> {
    for (const found of logs.findPartitions()) {
      if (found.topic === METADATA_TOPIC) continue
      const topic = metadata.image.topic(found.topic)
      if (topic !== undefined && found.partition < topic.partitions.length) continue
      const topicId = await logs.topicIdOf(found.name)
      this.#logger.warn(
        { directory: found.name, topicId },
        'a partition directory belongs to no topic; it is left alone',
      )
    }
  }

  async #bind(): Promise<void> {
    const transport = openTransport(transportOptions(this.#config), this.#disk)
    this.#transport = transport
    this.#disk.slabs.setBudget(this.#config.queuedRequestBytesMax)
    const bound: BoundListener[] = []
    for (const listener of this.#config.listeners) {
      const backlog = this.#config.number('socket.listen.backlog.size')
      const address = await transport.listen({ host: listener.host, port: listener.port, backlog })
      bound.push({
        name: listener.name,
        host: listener.host,
        port: address.port,
        isWildcard: listener.isWildcard,
        advertisedHost: listener.advertisedHost,
        advertisedPort: listener.advertisedPort ?? address.port,
      })
    }
    this.listeners = bound
  }

  #serve(logs: LogManager, metadata: MetadataEngine, table: PartitionTable): void {
    const transport = this.#transport!
    const services = this.#services(metadata, table, logs)
    const turn = this.#turn
    const sink = (): ResponseSink => server.sink
    const produce = this.#producePath(table, sink)
    this.#produce = produce
    const fetch = new FetchPath({
      partitions: table,
      sessions: new FetchSessionCache({
        slots: this.#config.number('max.incremental.fetch.session.cache.slots'),
        randomInt32: () => randomInt(1, 0x7fffffff),
      }),
      clock: this.#clock,
      logger: this.#logger,
      sink,
      unpark: (connection) => server.unpark(connection),
      failed: (connection, error) => server.failed(connection, error),
      schedule: () => turn.schedule(),
      fetchBytesMax: this.#config.number('fetch.max.bytes'),
    })
    const handlers = brokerHandlers()
    const router = new Router({ handlers, services, produce, fetch, turn, logs, transport })
    const server: RequestServer = new RequestServer({ transport, router, logger: this.#logger })
    router.attach(server)
    turn.attach(server)
    this.#fetch = fetch
    this.#server = server
    transport.start(server)
  }

  #producePath(table: PartitionTable, sink: () => ResponseSink): ProducePath {
    const addon = loadAddon()
    const onSlabs = this.#disk.kind === 'native' ? addon : undefined
    const clock = this.#clock
    const emptySlab = this.#disk.slabs.allocate(1)
    this.#emptySlab = emptySlab
    return new ProducePath({
      partitions: table,
      validator: new BatchValidator({ clock, checksum: createBatchChecksum(onSlabs) }),
      examiner: new RecordValidator({
        clock,
        walk: createRecordWalk(addon),
        decompressedBytesMax: DECOMPRESSED_BYTES_MAX,
      }),
      turn: this.#turn,
      clock,
      logger: this.#logger,
      sink,
      emptySlab,
    })
  }

  #services(metadata: MetadataEngine, table: PartitionTable, logs: LogManager): BrokerServices {
    const listeners: AdvertisedListener[] = this.listeners.map((listener) => ({
      name: listener.name,
      host: listener.advertisedHost,
      port: listener.advertisedPort,
    }))
    return {
      config: this.#config,
      metadata,
      partitions: table,
      clock: this.#clock,
      logger: this.#logger,
      clusterId: logs.identity.clusterId,
      nodeId: this.#config.nodeId,
      producerIds: new ProducerIds(metadata, this.#config.nodeId),
      listeners,
    }
  }

  async #register(metadata: MetadataEngine, logs: LogManager): Promise<void> {
    await metadata.propose((image) => ({
      records: registerBroker(image, {
        nodeId: this.#config.nodeId,
        incarnationId: randomUuid(randomBytes),
        endpoints: this.listeners.map((listener) => ({
          name: listener.name,
          host: listener.advertisedHost,
          port: listener.advertisedPort,
          securityProtocol: 0,
        })),
        rack: this.#config.get('broker.rack'),
        logDirectories: [logs.identity.directoryId],
      }),
      result: undefined,
    }))
  }

  #onFailed(error: Error): void {
    this.#logger.fatal({ error: error.message }, 'the data directory failed: writes are refused from now on')
    this.#produce?.fail(error)
    this.#fail(error)
  }

  /** Answers parked fetches, waits up to five seconds for requests in progress, closes everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const steps = [
      () => this.#transport?.stopListening(),
      () => this.#drain(),
      () => this.#transport?.close(),
      () => this.#table?.settled(),
      () => this.#metadata?.close(),
      () => this.#logs?.close(),
      () => this.#emptySlab?.release(),
      () => this.#disk.close(),
    ]
    // Whatever fails, the rest is closed: a lock, a port or a descriptor that stays would keep the next broker out.
    let failure: { error: unknown } | undefined
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure !== undefined) throw failure.error
  }

  async #drain(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    server.drain()
    this.#fetch?.close()
    server.flush()
    const deadlineMs = this.#clock.monotonicMs() + DRAIN_MS
    while (server.busyCount > 0 && this.#clock.monotonicMs() < deadlineMs) {
      await new Promise<void>((resolve) => this.#clock.after(10, resolve))
    }
  }
}
