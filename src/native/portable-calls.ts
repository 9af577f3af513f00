import { diskError, errnoOf, negativeErrno } from './disk-errors.ts'
import type { LatencyRecorder } from './latency.ts'

/**
 * Calls of node:fs with what the seam adds to each: a latency, the error's four
 * fields, and knowing when the last one is done.
 */
export class PortableCalls {
  readonly #recorder: LatencyRecorder
  #pending = 0
  #whenIdle: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(recorder: LatencyRecorder) {
    this.#recorder = recorder
  }

  async run<Result>(syscall: string, path: string, call: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw diskError(errnoOf('ECANCELED'), syscall, path)
    const startedMs = performance.now()
    this.#pending++
    try {
      const result = await call()
      this.#record(syscall, startedMs, result)
      return result
    } catch (error) {
      const errno = negativeErrno(error)
      this.#record(syscall, startedMs, errno)
      throw diskError(-errno, syscall, path)
    } finally {
      this.#pending--
      if (this.#pending === 0) this.#whenIdle?.()
    }
  }

  /** The result or -errno. */
  runSync(syscall: string, call: () => number): number {
    const startedMs = performance.now()
    let result: number
    try {
      result = call()
    } catch (error) {
      result = negativeErrno(error)
    }
    this.#record(syscall, startedMs, result)
    return result
  }

  /** Waits for what runs. Later calls reject with ECANCELED. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.#pending === 0) resolve()
      else this.#whenIdle = resolve
    })
    return this.#closing
  }

  #record(syscall: string, startedMs: number, result: unknown): void {
    const count = typeof result === 'number' ? result : 0
    const bytes = BYTE_CALLS.has(syscall) ? Math.max(0, count) : 0
    this.#recorder.record(syscall, (performance.now() - startedMs) * 1e6, { bytes, failed: count < 0 })
  }
}

const BYTE_CALLS: ReadonlySet<string> = new Set(['pwritev', 'pwrite', 'pread'])
