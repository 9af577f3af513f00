import type { Slab } from '../native/slab.ts'
import { ErrorCode } from '../protocol/index.ts'
import type { ProducePartitionAnswer, RecordError } from './produce-answer.ts'

/** A batch whose records have to be looked at off the loop before it gets an offset. Its slab is pinned. */
export interface StagedBatch {
  readonly slab: Slab
  readonly position: number
  readonly byteLength: number
  readonly answer: ProducePartitionAnswer
}

/** What the examination of a staged batch found: a wire error code, 0 for none. */
export interface StageVerdict {
  readonly errorCode: number
  readonly message: string | null
  readonly recordErrors: RecordError[]
}

/**
 * One partition's queue of batches that need asynchronous work before offsets
 * are assigned (validation that must decompress). While it is not empty every
 * batch of the partition goes through it, so that offsets follow the order of
 * arrival. One batch is examined at a time.
 */
export class AppendStage {
  readonly #queue: StagedBatch[] = []
  readonly #examine: (batch: StagedBatch) => Promise<StageVerdict>
  readonly #finish: (batch: StagedBatch, verdict: StageVerdict) => void
  readonly #fault: (error: unknown) => void
  #running = false

  constructor(options: {
    /** May take long. */
    examine: (batch: StagedBatch) => Promise<StageVerdict>
    /** Appends or refuses; in order of `add`. */
    finish: (batch: StagedBatch, verdict: StageVerdict) => void
    /** Told of what `examine` or `finish` threw: a programmer's error, which costs that batch and no other. */
    fault: (error: unknown) => void
  }) {
    this.#examine = options.examine
    this.#finish = options.finish
    this.#fault = options.fault
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** Pins the slab until the batch has been finished. */
  add(batch: StagedBatch): void {
    batch.slab.pin()
    this.#queue.push(batch)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#queue.length > 0) {
      const batch = this.#queue[0]!
      const verdict = await this.#verdictOn(batch)
      this.#queue.shift()
      try {
        this.#finish(batch, verdict)
      } catch (error) {
        this.#fault(error)
        batch.answer.settle(BROKEN.errorCode, BROKEN.message)
      }
      batch.slab.release()
    }
    this.#running = false
  }

  async #verdictOn(batch: StagedBatch): Promise<StageVerdict> {
    try {
      return await this.#examine(batch)
    } catch (error) {
      this.#fault(error)
      return BROKEN
    }
  }
}

const BROKEN: StageVerdict = {
  errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
  message: 'internal error while examining the records',
  recordErrors: [],
}
