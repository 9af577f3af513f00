import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { Clock, Timer } from '../base/clock.ts'
import type { CommitPartition, Committer } from '../base/commit.ts'
import type { Offset, TopicId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../native/disk.ts'
import {
  CLEAN_SHUTDOWN,
  type DirectoryIdentity,
  isDeletedDirectory,
  LOCK_FILE,
  META_PROPERTIES,
  parsePartitionDirectory,
  randomId,
  readIdentity,
  readPartitionMetadata,
  writeIdentity,
  writePartitionMetadata,
} from './data-directory.ts'
import { FileCache } from './file-cache.ts'
import { Log } from './log.ts'
import { LogError, LogErrorCode } from './log-error.ts'
import type { Flushable, LogRoom } from './log-parts.ts'
import { LogReader } from './log-reader.ts'
import { CheckpointFile, readOffsets, writeOffsets } from './offset-checkpoint.ts'
import { openLog, type RecoveryReport } from './open-log.ts'
import type { LogConfig, LogObserver, PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
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
const CLOSES_AT_ONCE = 32

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
  readonly clock: Clock
  readonly logger: Logger
  readonly identity: DirectoryIdentity
  /** The last stop was clean. */
  readonly wasClean: boolean
  readonly #options: LogManagerOptions
  readonly #release: () => void
  readonly #logs = new Map<string, Log>()
  readonly #recoveryPoints: Map<string, Offset>
  readonly #logStarts: Map<string, Offset>
  /** Names of the directories in the data directory, as far as they are partitions or leftovers of them. */
  readonly #directories: Set<string>
  readonly #pace = new WritePace()
  readonly #timers: Timer[] = []
  readonly #removals = new Set<Promise<void>>()
  readonly #loadedIndexes: Segment[] = []
  #unflushed: Flushable[] = []
  #checkpointing: Promise<void> = Promise.resolve()
  #retaining = false
  #rootSync: Promise<void> = Promise.resolve()
  #rootSyncNext: Promise<void> | undefined
  #failed = false

  private constructor(
    options: LogManagerOptions,
    found: {
      identity: DirectoryIdentity
      wasClean: boolean
      release: () => void
      recoveryPoints: Map<string, Offset>
      logStarts: Map<string, Offset>
      directories: Set<string>
    },
  ) {
    this.#options = options
    this.disk = options.disk
    this.committer = options.committer
    this.clock = options.clock
    this.logger = options.logger
    this.identity = found.identity
    this.wasClean = found.wasClean
    this.#release = found.release
    this.#recoveryPoints = found.recoveryPoints
    this.#logStarts = found.logStarts
    this.#directories = found.directories
    this.files = new FileCache({
      disk: options.disk,
      filesMax: options.filesMax,
      onSyncFailed: (_segment, error) => this.failed(error),
    })
    this.reader = new LogReader({ disk: options.disk, files: this.files })
  }

  /** Locks and reads the directory, making it when it is missing or empty. Rejects with LogError. */
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
    const entries = await disk.readdir(directory)
    const identity = (await readIdentity(disk, directory)) ?? (await makeIdentity(options, entries))
    checkIdentity(options, identity)
    const wasClean = entries.some((entry) => entry.name === CLEAN_SHUTDOWN)
    const recoveryPoints = await readOffsets(disk, directory, CheckpointFile.recoveryPoint)
    const logStarts = await readOffsets(disk, directory, CheckpointFile.logStart)
    // From here on the directory is not clean, and that has to be durable before anything is written.
    await disk.unlink(`${directory}/${CLEAN_SHUTDOWN}`)
    await disk.syncDirectory(directory)
    const directories = new Set(entries.filter((entry) => entry.isDirectory).map((entry) => entry.name))
    return new LogManager(options, { identity, wasClean, release, recoveryPoints, logStarts, directories })
  }

  get writesAreSlow(): boolean {
    return this.#pace.isSlow
  }

  wrote(_byteLength: number, tookMs: number): void {
    this.#pace.wrote(tookMs, this.clock.monotonicMs())
  }

  /** Partition directories as they were at start; leftovers of deletions are removed. */
  findPartitions(): FoundPartition[] {
    const found: FoundPartition[] = []
    for (const name of this.#directories) {
      const parsed = parsePartitionDirectory(name)
      if (parsed !== undefined) found.push({ ...parsed, name })
      else if (isDeletedDirectory(name)) this.#track(this.#removeTree(`${this.#options.directory}/${name}`))
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
    if (!this.wasClean) await this.#setAsideStray(name, topicId)
    const isNew = !this.#directories.has(name)
    if (isNew) {
      await this.disk.mkdir(directory)
      this.#directories.add(name)
      await writePartitionMetadata(this.disk, directory, topicId)
      await this.#syncRoot()
    }
    const { parts, report } = await openLog(this, {
      directory,
      partition: options.partition,
      config: options.config,
      segmentJitterMs: Math.floor(Math.random() * Math.min(options.config.segmentJitterMs, options.config.segmentMs)),
      observer: options.observer,
      clean: this.wasClean || isNew,
      recoveryPoint: this.#recoveryPoints.get(name) ?? 0,
      logStart: this.#logStarts.get(name) ?? 0,
      onProgress: options.onProgress ?? (() => {}),
    })
    const log = new Log(this, parts)
    this.#logs.set(name, log)
    return { log, report }
  }

  /** A crash between the end of a topic and the renaming of its directories leaves another topic's data under a name in use. */
  async #setAsideStray(name: string, topicId: TopicId): Promise<void> {
    if (!this.#directories.has(name)) return
    const found = await this.topicIdOf(name)
    if (found === undefined || found === topicId) return
    const stray = `${name}.${randomBytes(16).toString('hex')}-stray`
    this.logger.warn(
      { directory: name, topicId: found, renamedTo: stray },
      'a directory of another topic of this name was set aside',
    )
    await this.disk.rename(`${this.#options.directory}/${name}`, `${this.#options.directory}/${stray}`)
    await this.#syncRoot()
    this.#directories.delete(name)
  }

  markUnflushed(log: Flushable): void {
    const unflushed = this.#unflushed
    if (unflushed.length > 0 && unflushed[unflushed.length - 1] === log) return
    unflushed.push(log)
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

  /** Writes recovery points, log starts and high watermarks; one at a time. */
  checkpoint(): Promise<void> {
    this.#checkpointing = this.#checkpointing.catch(() => {}).then(() => this.#writeCheckpoints())
    return this.#checkpointing
  }

  storeLogStarts(): Promise<void> {
    return this.checkpoint()
  }

  async #writeCheckpoints(): Promise<void> {
    const recoveryPoints = new Map(this.#recoveryPoints)
    const logStarts = new Map<string, Offset>()
    const highWatermarks = new Map<string, Offset>()
    for (const [name, log] of this.#logs) {
      recoveryPoints.set(name, log.durableEnd)
      highWatermarks.set(name, log.highWatermark)
      if (log.logStartOffset > log.segments[0]!.baseOffset) logStarts.set(name, log.logStartOffset)
    }
    const { disk } = this
    const { directory } = this.#options
    await writeOffsets(disk, directory, CheckpointFile.recoveryPoint, recoveryPoints)
    await writeOffsets(disk, directory, CheckpointFile.logStart, logStarts)
    await writeOffsets(disk, directory, CheckpointFile.highWatermark, highWatermarks)
  }

  async applyRetention(): Promise<void> {
    if (this.#retaining || this.#failed) return
    this.#retaining = true
    try {
      for (const log of [...this.#logs.values()]) await log.applyRetention(this.clock.nowMs())
    } finally {
      this.#retaining = false
    }
  }

  async removeSegment(segment: Segment, delayMs: number): Promise<void> {
    segment.removed = true
    const paths = ['.log', '.index', '.timeindex', '.txnindex'].map((suffix) => segment.path(suffix))
    const renamed: string[] = []
    for (const path of paths) {
      if ((await this.disk.stat(path)) === undefined) continue
      await this.disk.rename(path, `${path}.deleted`)
      renamed.push(`${path}.deleted`)
    }
    this.#later(delayMs, async () => {
      this.files.close(segment)
      for (const path of renamed) await this.disk.unlink(path)
    })
  }

  async removeDirectory(directory: string, delayMs: number): Promise<void> {
    const name = directory.slice(directory.lastIndexOf('/') + 1)
    this.#logs.delete(name)
    this.#recoveryPoints.delete(name)
    this.#logStarts.delete(name)
    this.#directories.delete(name)
    const target = `${directory}.${randomBytes(16).toString('hex')}-delete`
    await this.disk.rename(directory, target)
    await this.#syncRoot()
    this.#later(delayMs, () => this.#removeTree(target))
  }

  indexLoaded(segment: Segment): void {
    this.#loadedIndexes.push(segment)
    if (this.#loadedIndexes.length <= LOADED_INDEXES_MAX) return
    const oldest = this.#loadedIndexes.shift()!
    const active = [...this.#logs.values()].some((log) => log.active === oldest)
    if (!active && oldest !== segment) oldest.dropIndexes()
  }

  failed(error: Error): void {
    if (this.#failed) return
    this.#failed = true
    this.#options.onFailed(error)
  }

  /** Closes every log; then, unless something failed, marks the stop as clean, last of all. */
  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    // A bounded number at a time: each writes files of its own.
    const logs = [...this.#logs.values()]
    const workers = Array.from({ length: CLOSES_AT_ONCE }, async () => {
      for (let log = logs.pop(); log !== undefined; log = logs.pop()) await log.close()
    })
    await Promise.all(workers)
    await this.committer.close().catch((error: Error) => this.failed(error))
    await this.#checkpointing.catch(() => {})
    if (!this.#failed) {
      await this.#writeCheckpoints()
      const marker = Buffer.from('{"version":0,"brokerEpoch":-1}')
      await this.disk.writeFileAtomic(`${this.#options.directory}/${CLEAN_SHUTDOWN}`, marker)
    }
    await Promise.all(this.#removals)
    this.#release()
  }

  /** Makes new and renamed directories durable. One sync serves everybody who came before it started. */
  #syncRoot(): Promise<void> {
    if (this.#rootSyncNext === undefined) {
      const running = this.#rootSync
      this.#rootSyncNext = running
        .catch(() => {})
        .then(() => {
          this.#rootSync = this.#rootSyncNext!
          this.#rootSyncNext = undefined
          return this.disk.syncDirectory(this.#options.directory)
        })
    }
    return this.#rootSyncNext
  }

  async #removeTree(path: string): Promise<void> {
    for (const entry of await this.disk.readdir(path)) {
      if (entry.isDirectory) await this.#removeTree(`${path}/${entry.name}`)
      else await this.disk.unlink(`${path}/${entry.name}`)
    }
    await this.disk.rmdir(path)
  }

  /** Runs `work` after the delay; a stop does not wait for the delay (leftovers go at the next start). */
  #later(delayMs: number, work: () => Promise<void>): void {
    if (delayMs <= 0) return this.#track(work())
    this.clock.after(delayMs, () => this.#track(work()))
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.logger.warn({ error: String(error) }, 'removing old files failed'))
      .finally(() => this.#removals.delete(tracked))
    this.#removals.add(tracked)
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.logger.error({ error: String(error) }, 'periodic work on the data directory failed')
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

async function makeIdentity(
  options: LogManagerOptions,
  entries: readonly { name: string; isDirectory: boolean }[],
): Promise<DirectoryIdentity> {
  const foreign = entries.filter((entry) => !entry.name.startsWith(LOCK_FILE) && entry.name !== 'lost+found')
  if (foreign.length > 0) {
    const names = foreign.slice(0, 3).map((entry) => `"${entry.name}"`)
    throw new LogError(
      LogErrorCode.foreign,
      options.directory,
      `this is not a data directory: it has no ${META_PROPERTIES} but holds ${names.join(', ')}; choose an empty directory with --log-dirs`,
    )
  }
  const identity = { clusterId: options.clusterId ?? randomId(), nodeId: options.nodeId, directoryId: randomId() }
  await writeIdentity(options.disk, options.directory, identity)
  return identity
}

function checkIdentity(options: LogManagerOptions, identity: DirectoryIdentity): void {
  if (identity.nodeId !== options.nodeId) {
    throw new LogError(
      LogErrorCode.foreign,
      options.directory,
      `the data directory belongs to node ${identity.nodeId}, this broker is node ${options.nodeId}; set node.id=${identity.nodeId} or choose another directory`,
    )
  }
  if (options.clusterId !== undefined && options.clusterId !== identity.clusterId) {
    throw new LogError(
      LogErrorCode.foreign,
      options.directory,
      `the data directory belongs to cluster ${identity.clusterId}, not ${options.clusterId}; choose another directory`,
    )
  }
}
