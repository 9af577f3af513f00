import type { Offset } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { CheckpointFile, readOffsets, writeOffsets } from './offset-checkpoint.ts'

/** Offsets of one open log. */
export interface CheckpointedLog {
  readonly durableEnd: Offset
  readonly highWatermark: Offset
  readonly logStartOffset: Offset
  readonly firstBaseOffset: Offset
}

/**
 * The offset checkpoints of a data directory: what was read at start, overlaid by
 * the logs that are open. Logs that are not open (not loaded yet, or unreadable)
 * keep what was said of them. Writes of one file follow one another; whoever asks
 * while one waits shares it.
 */
export class Checkpoints {
  readonly #disk: Disk
  readonly #directory: string
  readonly #recoveryPoints: Map<string, Offset>
  readonly #logStarts: Map<string, Offset>
  readonly #highWatermarks: Map<string, Offset>
  readonly #logs: ReadonlyMap<string, CheckpointedLog>
  #running: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | undefined
  #waitingLogStarts: Promise<void> | undefined

  private constructor(
    disk: Disk,
    directory: string,
    logs: ReadonlyMap<string, CheckpointedLog>,
    stored: {
      recoveryPoints: Map<string, Offset>
      logStarts: Map<string, Offset>
      highWatermarks: Map<string, Offset>
    },
  ) {
    this.#disk = disk
    this.#directory = directory
    this.#logs = logs
    this.#recoveryPoints = stored.recoveryPoints
    this.#logStarts = stored.logStarts
    this.#highWatermarks = stored.highWatermarks
  }

  static async read(disk: Disk, directory: string, logs: ReadonlyMap<string, CheckpointedLog>): Promise<Checkpoints> {
    return new Checkpoints(disk, directory, logs, {
      recoveryPoints: await readOffsets(disk, directory, CheckpointFile.recoveryPoint),
      logStarts: await readOffsets(disk, directory, CheckpointFile.logStart),
      highWatermarks: await readOffsets(disk, directory, CheckpointFile.highWatermark),
    })
  }

  /** As read at start. */
  recoveryPoint(name: string): Offset {
    return this.#recoveryPoints.get(name) ?? 0
  }

  logStart(name: string): Offset {
    return this.#logStarts.get(name) ?? 0
  }

  /** Nothing that was said of a log with this name holds. True when anything was. */
  forget(name: string): boolean {
    const known = this.#recoveryPoints.delete(name)
    const hadStart = this.#logStarts.delete(name)
    return this.#highWatermarks.delete(name) || known || hadStart
  }

  /** Writes recovery points, log starts and high watermarks as they are when it begins. */
  write(): Promise<void> {
    this.#waiting ??= this.#after(() => {
      this.#waiting = undefined
      return this.#writeAll()
    })
    return this.#waiting
  }

  /** Writes log starts only. */
  writeLogStarts(): Promise<void> {
    this.#waitingLogStarts ??= this.#after(() => {
      this.#waitingLogStarts = undefined
      return this.#writeStarts()
    })
    return this.#waitingLogStarts
  }

  #after(work: () => Promise<void>): Promise<void> {
    const running = this.#running.catch(() => {}).then(work)
    this.#running = running
    return running
  }

  async #writeAll(): Promise<void> {
    for (const [name, log] of this.#logs) {
      this.#recoveryPoints.set(name, log.durableEnd)
      this.#highWatermarks.set(name, log.highWatermark)
    }
    await writeOffsets(this.#disk, this.#directory, CheckpointFile.recoveryPoint, this.#recoveryPoints)
    await this.#writeStarts()
    await writeOffsets(this.#disk, this.#directory, CheckpointFile.highWatermark, this.#highWatermarks)
  }

  async #writeStarts(): Promise<void> {
    for (const [name, log] of this.#logs) {
      // As Kafka: the first segment says it, unless records of that segment are gone too.
      if (log.logStartOffset > log.firstBaseOffset) this.#logStarts.set(name, log.logStartOffset)
      else this.#logStarts.delete(name)
    }
    await writeOffsets(this.#disk, this.#directory, CheckpointFile.logStart, this.#logStarts)
  }
}
