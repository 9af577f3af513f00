const STOP_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const
export type StopSignal = (typeof STOP_SIGNALS)[number]

/** The part of `process` that delivers signals. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown
  off(signal: StopSignal, listener: () => void): unknown
}

/**
 * The first SIGTERM, SIGHUP or SIGINT asks to stop (`requested` resolves with
 * its name), each further one calls `force`. `dispose` gives the signals their
 * usual meaning back.
 */
export class StopSignals {
  readonly requested: Promise<StopSignal>
  readonly #source: SignalSource
  readonly #listeners = new Map<StopSignal, () => void>()

  constructor(source: SignalSource, force: (signal: StopSignal) => void) {
    this.#source = source
    let first: ((signal: StopSignal) => void) | undefined
    this.requested = new Promise((resolve) => {
      first = resolve
    })
    for (const signal of STOP_SIGNALS) {
      const listener = () => {
        if (first === undefined) return force(signal)
        first(signal)
        first = undefined
      }
      this.#listeners.set(signal, listener)
      source.on(signal, listener)
    }
  }

  dispose(): void {
    for (const [signal, listener] of this.#listeners) this.#source.off(signal, listener)
    this.#listeners.clear()
  }
}
