import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { Clock, Timer } from '../base/clock.ts'
import type { CommitPartition, Committer } from '../base/commit.ts'
import type { TopicId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../native/disk.ts'
import { loadAddon } from '../native/index.ts'
import { type BatchChecksum, createBatchChecksum } from '../records/index.ts'
import { Checkpoints } from './checkpoints.ts'
import { concurrently } from './concurrently.ts'
import {
  CLEAN_SHUTDOWN,
  type DirectoryIdentity,
  isDeletedDirectory,
  isKnownDirectory,
  LOCK_FILE,
  parsePartitionDirectory,
  readPartitionMetadata,
  writePartitionMetadata,
} from './data-directory.ts'
import { claimDirectory } from './directory-identity.ts'
import { asError } from './disk-error.ts'
import { FileCache } from './file-cache.ts'
import { IndexCache } from './index-cache.ts'
import { Log } from './log.ts'
import { LogError, LogErrorCode } from './log-error.ts'
import type { Flushable, LogRoom } from './log-parts.ts'
import { LogReader } from './log-reader.ts'
import { openLog } from './open-log.ts'
import type { LogConfig, LogObserver, PartitionLog } from './partition-log.ts'
import type { RecoveryReport } from './recovery.ts'
import { Removals } from './removals.ts'
import type { Segment } from './segment.ts'
import { SharedSync } from './shared-sync.ts'
import { WritePace } from './write-pace.ts'

export interface LogManagerOptions {
  readonly directory: string
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  readonly committer: Committer
  readonly nodeId: number
  /** Refuses a directory of another cluster when given. */
  readonly clusterId?: string
  /** Open segment files, about. */
  readonly filesMax: number
  readonly checkpointPeriodMs: number
  readonly retentionPeriodMs: number
  readonly onFailed: (error: Error) => void
  /** In [0, 1), for segment.jitter.ms. */
  readonly random?: () => number
}

export interface LoadLogOptions {
  readonly partition: CommitPartition
  readonly config: LogConfig
  readonly observer: LogObserver
  readonly onProgress?: (byteLength: number) => void
}

/** A partition directory that was found at start. */
export interface FoundPartition {
  readonly name: string
  readonly topic: string
  readonly partition: number
}

/** Finished segments whose indexes stay in memory. */
const LOADED_INDEXES_MAX = 256
/** Small independent pieces of work on many logs that run at the same time. */
const AT_ONCE = 32
/** Logs looked at in one turn of the event loop. */
const LOGS_PER_TURN = 200

/** What was found when the directory was locked and read. */
interface OpenedDirectory {
  readonly identity: DirectoryIdentity
  readonly wasClean: boolean
  readonly release: () => void
  readonly checkpoints: Checkpoints
  readonly logs: Map<string, Log>
  /** Names of the directories in it. */
  readonly present: Set<string>
}

/**
 * One data directory: its lock, its identity, its logs, and what is done for all
 * of them together: the flush at the end of a turn, checkpoints, retention,
 * deletion, and the mark of a clean stop. Layout as Apache Kafka's.
 */
export class LogManager implements LogRoom {
  readonly disk: Disk
  readonly files: FileCache
  readonly reader: LogReader
  readonly committer: Committer
  readonly checksum: BatchChecksum
  readonly clock: Clock
  readonly logger: Logger
  readonly identity: DirectoryIdentity
  /** The last stop was clean. */
  readonly wasClean: boolean
  readonly #options: LogManagerOptions
  readonly #release: () => void
  readonly #logs: Map<string, Log>
  readonly #present: Set<string>
  /** Directories whose topic was deleted but that could not be renamed; a start after them has to look. */
  readonly #leftBehind = new Set<string>()
  readonly #checkpoints: Checkpoints
  readonly #rootSync: SharedSync
  readonly #removals: Removals
  readonly #indexes = new IndexCache(LOADED_INDEXES_MAX)
  readonly #pace = new WritePace()
  readonly #timers: Timer[] = []
  #unflushed: Flushable[] = []
  #retaining: Promise<void> | undefined
  #failed = false

  private constructor(options: LogManagerOptions, found: OpenedDirectory) {
    const { disk, clock, logger } = options
    this.#options = options
    this.disk = disk
    this.committer = options.committer
    this.checksum = createBatchChecksum(disk.kind === 'native' ? loadAddon() : undefined)
    this.clock = clock
    this.logger = logger
    this.identity = found.identity
    this.wasClean = found.wasClean
    this.#release = found.release
    this.#logs = found.logs
    this.#present = found.present
    this.#checkpoints = found.checkpoints
    const onSyncFailed = (_segment: Segment, error: Error): void => this.failed(error)
    this.files = new FileCache({ disk, filesMax: options.filesMax, onSyncFailed })
    this.reader = new LogReader(this.files)
    this.#rootSync = new SharedSync(() => disk.syncDirectory(options.directory))
    this.#removals = new Removals({ disk, clock, logger, files: this.files, rootSync: this.#rootSync })
  }

  /** Locks and reads the directory, making it when it is missing. Rejects with LogError. */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const { disk, directory } = options
    await ensureDirectory(disk, directory)
    const release = await disk.lock(`${directory}/${LOCK_FILE}`)
    if (release === undefined) {
      const fix = 'stop the other broker (or find it with "fuser"), or choose another directory with --log-dirs'
      throw new LogError(LogErrorCode.locked, directory, `the data directory is in use by another process; ${fix}`)
    }
    try {
      return await LogManager.#openLocked(options, release)
    } catch (error) {
      release()
      throw error
    }
  }

  static async #openLocked(options: LogManagerOptions, release: () => void): Promise<LogManager> {
    const { disk, directory } = options
    const identity = await claimDirectory(disk, directory, options)
    const entries = await disk.readdir(directory)
    const wasClean = entries.some((entry) => entry.name === CLEAN_SHUTDOWN)
    const logs = new Map<string, Log>()
    const checkpoints = await Checkpoints.read(disk, directory, logs)
    // From here on the directory is not clean, and that has to be durable before anything is written.
    await disk.unlink(`${directory}/${CLEAN_SHUTDOWN}`)
    await disk.syncDirectory(directory)
    const present = new Set(entries.filter((entry) => entry.isDirectory).map((entry) => entry.name))
    return new LogManager(options, { identity, wasClean, release, checkpoints, logs, present })
  }

  get writesAreSlow(): boolean {
    return this.#pace.isSlow
  }

  wrote(tookMs: number): void {
    this.#pace.wrote(tookMs, this.clock.monotonicMs())
  }

  /** Partition directories as they were at start; leftovers of deletions are removed, other directories are named in the log. */
  findPartitions(): FoundPartition[] {
    const found: FoundPartition[] = []
    for (const name of [...this.#present]) {
      const parsed = parsePartitionDirectory(name)
      if (parsed !== undefined) {
        found.push({ ...parsed, name })
        continue
      }
      this.#present.delete(name)
      const directory = `${this.#options.directory}/${name}`
      if (isDeletedDirectory(name)) this.#removals.leftover(directory)
      else if (!isKnownDirectory(name)) {
        this.logger.warn({ directory }, 'this directory is no partition: Apache Kafka would refuse to start here')
      }
    }
    return found
  }

  /** The topic id in a partition's own directory; undefined when it has none. */
  topicIdOf(name: string): Promise<TopicId | undefined> {
    return readPartitionMetadata(this.disk, `${this.#options.directory}/${name}`)
  }

  /** Opens the partition's log, recovering it after an unclean stop; creates it, durably, when it is missing. */
  async load(options: LoadLogOptions): Promise<{ log: PartitionLog; report: RecoveryReport }> {
    const { topic, partition, topicId } = options.partition
    const name = `${topic}-${partition}`
    const directory = `${this.#options.directory}/${name}`
    if (!this.wasClean || this.#leftBehind.has(name)) await this.#setAsideStray(name, topicId)
    const isNew = !this.#present.has(name)
    if (isNew) await this.#createDirectory(name, topicId)
    const { config, observer } = options
    const random = this.#options.random ?? Math.random
    const { parts, report } = await openLog(this, {
      directory,
      partition: options.partition,
      config,
      segmentJitterMs: Math.floor(random() * Math.min(config.segmentJitterMs, config.segmentMs)),
      observer,
      clean: this.wasClean || isNew,
      recoveryPoint: this.#checkpoints.recoveryPoint(name),
      logStart: this.#checkpoints.logStart(name),
      onProgress: options.onProgress ?? (() => {}),
    })
    const log = new Log(this, parts)
    this.#logs.set(name, log)
    return { log, report }
  }

  async #createDirectory(name: string, topicId: TopicId): Promise<void> {
    const directory = `${this.#options.directory}/${name}`
    // What was said of an earlier log of this name would look like damage after a crash.
    if (this.#checkpoints.forget(name)) await this.#checkpoints.write()
    await this.disk.mkdir(directory)
    this.#present.add(name)
    await writePartitionMetadata(this.disk, directory, topicId)
    await this.#rootSync.request()
  }

  /** A crash between the end of a topic and the renaming of its directories leaves another topic's data under a name in use. */
  async #setAsideStray(name: string, topicId: TopicId): Promise<void> {
    if (!this.#present.has(name)) return
    const found = await this.topicIdOf(name)
    if (found === undefined || found === topicId) return
    const stray = `${name}.${randomBytes(16).toString('hex')}-stray`
    const fields = { directory: name, topicId: found, renamedTo: stray }
    this.logger.warn(fields, 'a directory of another topic of this name was set aside')
    await this.disk.rename(`${this.#options.directory}/${name}`, `${this.#options.directory}/${stray}`)
    await this.#rootSync.request()
    this.#present.delete(name)
    this.#leftBehind.delete(name)
  }

  markUnflushed(log: Flushable): void {
    this.#unflushed.push(log)
  }

  /** Writes what was appended in this turn: one call for each log. */
  flushTurn(): void {
    const unflushed = this.#unflushed
    for (let index = 0; index < unflushed.length; index++) unflushed[index]!.flush()
    unflushed.length = 0
  }

  /** Starts the periodic work. */
  start(): void {
    const { clock } = this
    this.#timers.push(
      clock.every(this.#options.checkpointPeriodMs, () => this.#inBackground(this.checkpoint())),
      clock.every(this.#options.retentionPeriodMs, () => this.#inBackground(this.applyRetention())),
    )
  }

  /** Writes what shortens a recovery: index entries, recovery points, log starts and high watermarks. */
  async checkpoint(): Promise<void> {
    await this.#forEachLog((log) => log.storeIndexTail())
    await this.#checkpoints.write()
  }

  storeLogStarts(): Promise<void> {
    return this.#checkpoints.writeLogStarts()
  }

  /** One pass over all logs; who asks during one waits for it. */
  applyRetention(): Promise<void> {
    this.#retaining ??= this.#retain().finally(() => {
      this.#retaining = undefined
    })
    return this.#retaining
  }

  async #retain(): Promise<void> {
    await this.#forEachLog(async (log) => {
      if (this.#failed) return
      try {
        await log.applyRetention(this.clock.nowMs())
      } catch (error) {
        this.logger.error({ log: log.directory, error: String(error) }, 'retention failed, it is tried again')
      }
    })
  }

  /** One after the other. Ten thousand idle logs take a while together: the event loop gets its turn in between. */
  async #forEachLog(work: (log: Log) => Promise<void>): Promise<void> {
    let count = 0
    for (const log of [...this.#logs.values()]) {
      await work(log)
      if (++count % LOGS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  removeSegment(segment: Segment, delayMs: number): Promise<void> {
    this.#indexes.forget(segment)
    return this.#removals.segment(segment, delayMs)
  }

  async removeDirectory(directory: string, delayMs: number): Promise<void> {
    const name = path.basename(directory)
    this.#logs.delete(name)
    this.#present.delete(name)
    try {
      await this.#removals.directory(directory, delayMs)
    } catch (error) {
      if ((await this.disk.stat(directory)) !== undefined) this.#leaveBehind(name)
      throw error
    }
    if (this.#checkpoints.forget(name)) await this.#checkpoints.write()
  }

  /** The directory of a topic that is gone: it must not be taken for that of a later topic, now or after a restart. */
  #leaveBehind(name: string): void {
    this.#present.add(name)
    this.#leftBehind.add(name)
  }

  indexLoaded(segment: Segment): void {
    this.#indexes.loaded(segment)
  }

  failed(error: Error): void {
    if (this.#failed) return
    this.#failed = true
    this.#options.onFailed(error)
  }

  /**
   * Closes every log; then, unless something failed, marks the stop as clean, last of all. Rejects when that was not
   * possible: nothing is lost, the next start recovers.
   */
  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    try {
      await this.#retaining?.catch(() => {})
      await concurrently(this.#logs.values(), AT_ONCE, (log) => this.#closeLog(log))
      await this.committer.close().catch((error: unknown) => this.failed(asError(error)))
      if (!this.#failed && this.#leftBehind.size === 0) await this.#markClean()
      await this.#removals.settled()
    } finally {
      this.#release()
    }
  }

  async #closeLog(log: Log): Promise<void> {
    try {
      await log.close()
    } catch (error) {
      this.failed(asError(error))
    }
  }

  async #markClean(): Promise<void> {
    await this.#checkpoints.write()
    const marker = Buffer.from('{"version":0,"brokerEpoch":-1}')
    await this.disk.writeFileAtomic(`${this.#options.directory}/${CLEAN_SHUTDOWN}`, marker)
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.logger.error({ error: String(error) }, 'periodic work on the data directory failed, it is tried again')
    })
  }
}

/** Makes a directory and what is missing above it. */
async function ensureDirectory(disk: Disk, directory: string): Promise<void> {
  if ((await disk.stat(directory)) !== undefined) return
  const parent = path.dirname(directory)
  await ensureDirectory(disk, parent)
  await disk.mkdir(directory)
  await disk.syncDirectory(parent)
}
