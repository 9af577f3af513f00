import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { CommitPolicy, Committer } from '../../../src/base/commit.ts'
import { silentLogger } from '../../../src/base/logger.ts'
import { createCommitter } from '../../../src/commit/index.ts'
import {
  type LogConfig,
  LogManager,
  type LogObserver,
  type PartitionLog,
  type RecoveryReport,
} from '../../../src/log/index.ts'
import { type Disk, openDisk } from '../../../src/native/index.ts'
import { FakeClock, OS } from '../../commit/fakes.ts'

export const TOPIC_ID = 'q2Xb1m0nQ0yJr0YvQ6x3Gw'

/** Limits that no test meets by accident. */
export const PLAIN_CONFIG: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 3_600_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: -1,
  retentionBytes: -1,
  cleanupDelete: true,
  cleanupCompact: false,
  fileDeleteDelayMs: 0,
  producerIdExpirationMs: 86_400_000,
  preallocate: false,
}

/** Writes down what a log tells. */
export class RecordingLogObserver implements LogObserver {
  readonly highWatermarks: number[] = []
  readonly failures: { from: number; error: Error; fatal: boolean }[] = []
  readonly logStarts: number[] = []

  highWatermarkMoved(log: PartitionLog): void {
    this.highWatermarks.push(log.highWatermark)
  }
  appendFailed(_log: PartitionLog, from: number, error: Error, fatal: boolean): void {
    this.failures.push({ from, error, fatal })
  }
  logStartMoved(log: PartitionLog): void {
    this.logStarts.push(log.logStartOffset)
  }
}

export interface LoadedLog {
  readonly log: PartitionLog
  readonly report: RecoveryReport
  readonly observer: RecordingLogObserver
}

export interface DataDirectoryOptions {
  readonly policy?: CommitPolicy
  readonly filesMax?: number
  /** Puts something between the logs and the disk. */
  readonly wrapDisk?: (disk: Disk) => Disk
}

/** Copies a directory in which files may be renamed and removed meanwhile: then once more. */
async function copyMoving(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // A lock dies with its process: its files do not come along.
      return await cp(from, to, { recursive: true, filter: (source) => !path.basename(source).startsWith('.lock') })
    } catch (error) {
      const isMoving = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isMoving || attempt === 5) throw error
      await rm(to, { recursive: true, force: true })
    }
  }
}

/**
 * A data directory of its own under the temporary directory, with a manager that
 * can be stopped cleanly, or left as a killed process leaves it: `crash` copies
 * what is on disk to a new directory, where a next manager finds no lock.
 */
export class DataDirectory {
  readonly clock = new FakeClock()
  readonly failures: Error[] = []
  directory: string
  disk!: Disk
  manager!: LogManager
  committer!: Committer
  readonly #options: DataDirectoryOptions
  readonly #root: string
  readonly #openManagers = new Set<LogManager>()
  readonly #disks: Disk[] = []
  #copies = 0

  private constructor(root: string, options: DataDirectoryOptions) {
    this.#root = root
    this.#options = options
    this.directory = path.join(root, 'data')
  }

  static async open(options: DataDirectoryOptions = {}): Promise<DataDirectory> {
    const made = new DataDirectory(await mkdtemp(path.join(tmpdir(), 'sluice-log-')), options)
    await made.start()
    return made
  }

  /** Starts a manager on `directory`. */
  async start(): Promise<void> {
    const plain = openDisk()
    this.#disks.push(plain)
    this.disk = this.#options.wrapDisk?.(plain) ?? plain
    this.committer = createCommitter({ clock: this.clock })
    this.manager = await LogManager.open({
      directory: this.directory,
      disk: this.disk,
      clock: this.clock,
      logger: silentLogger,
      committer: this.committer,
      nodeId: 1,
      filesMax: this.#options.filesMax ?? 100,
      checkpointPeriodMs: 60_000,
      retentionPeriodMs: 300_000,
      onFailed: (error) => this.failures.push(error),
    })
    this.#openManagers.add(this.manager)
  }

  async load(config: Partial<LogConfig> = {}, topic = 'orders', partition = 0): Promise<LoadedLog> {
    const observer = new RecordingLogObserver()
    const policy = this.#options.policy ?? OS
    const { log, report } = await this.manager.load({
      partition: { topic, topicId: TOPIC_ID, partition, policy: () => policy },
      config: { ...PLAIN_CONFIG, ...config },
      observer,
    })
    return { log, report, observer }
  }

  async stop(): Promise<void> {
    this.#openManagers.delete(this.manager)
    await this.manager.close()
  }

  /** Cleanly stopped and started. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Leaves the directory as it is and continues on a copy of it. `damage` may change the copy before the start. */
  async crash(damage?: (directory: string) => Promise<void>): Promise<void> {
    const copy = path.join(this.#root, `data-${++this.#copies}`)
    await copyMoving(this.directory, copy)
    this.directory = copy
    await damage?.(copy)
    await this.start()
  }

  async remove(): Promise<void> {
    for (const manager of this.#openManagers) await manager.close()
    for (const disk of this.#disks) await disk.close()
    await rm(this.#root, { recursive: true, force: true })
  }
}
