import type { IoAddon, JobPayload } from './addon-io.ts'
import { diskError } from './disk-errors.ts'

/**
 * Promises for work on the addon's I/O threads. The addon calls back once for
 * each wake of the event loop with all that has finished since; the resolvers
 * wait here, under the small number that names the job on both sides.
 */
export class NativeJobs {
  readonly #rows: Float64Array
  readonly #jobs: (Job | undefined)[] = []
  readonly #free: number[] = []

  constructor(addon: IoAddon) {
    this.#rows = addon.attachIo((count, payloads) => this.#deliver(count, payloads))
  }

  /** `start` queues the work natively under the number it is given. */
  run<Result>(call: JobCall<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const { owner, syscall, path, keep, start } = call
      const id = this.#free.pop() ?? this.#jobs.length
      const settle = (result: number, payload: JobPayload | undefined) => {
        if (result < 0) reject(diskError(-result, syscall, path))
        else resolve(call.answer(result, payload ?? []))
      }
      const job: Job = { owner, keep, settle }
      // Taken before the start: a misuse throws out of it, and the number must not be lost.
      this.#jobs[id] = job
      let status = -1
      try {
        status = start(id)
      } finally {
        if (status !== 0) this.#forget(id)
      }
      if (status !== 0) settle(status, undefined)
      else owner.pending++
    })
  }

  #forget(id: number): void {
    this.#jobs[id] = undefined
    this.#free.push(id)
  }

  #deliver(count: number, payloads: JobPayload[] | undefined): void {
    for (let i = 0; i < count; i++) {
      const id = this.#rows[2 * i]!
      const job = this.#jobs[id]!
      this.#forget(id)
      job.settle(this.#rows[2 * i + 1]!, payloads?.[i])
      job.owner.pending--
      if (job.owner.pending === 0) job.owner.whenIdle?.()
    }
  }
}

/** Whoever must know when its own jobs are done. */
export interface JobOwner {
  pending: number
  whenIdle: (() => void) | undefined
}

export interface JobCall<Result> {
  readonly owner: JobOwner
  /** For the error, should it fail. */
  readonly syscall: string
  readonly path: string
  /** Memory that the I/O thread uses: not collected before the job settles. */
  readonly keep?: Uint8Array
  /** 0, or -errno when nothing was queued. */
  start(job: number): number
  answer(result: number, payload: JobPayload): Result
}

interface Job {
  readonly owner: JobOwner
  readonly keep: Uint8Array | undefined
  settle(result: number, payload: JobPayload | undefined): void
}
