import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { StartProgress } from '../broker/index.ts'

const QUIET_MS = 500
const BAR_PERIOD_MS = 100
const LINE_PERIOD_MS = 5_000
const BAR_CELLS = 30

export interface ProgressOutput {
  readonly clock: Clock
  readonly logger: Logger
  /** Writes to the terminal; undefined where there is none: then a log line every few seconds. */
  readonly terminal: ((text: string) => void) | undefined
}

/**
 * Shows a long recovery: a bar on a terminal, else a log line every five
 * seconds. A start that is over within half a second shows nothing.
 */
export class RecoveryProgress {
  readonly #output: ProgressOutput
  readonly #startMs: number
  #lastMs: number
  #barShown = false

  constructor(output: ProgressOutput) {
    this.#output = output
    this.#startMs = output.clock.monotonicMs()
    this.#lastMs = this.#startMs
  }

  update(progress: StartProgress): void {
    const { clock, logger, terminal } = this.#output
    const nowMs = clock.monotonicMs()
    if (terminal === undefined) {
      if (nowMs - this.#lastMs < LINE_PERIOD_MS) return
      logger.info({ ...progress }, `opening partitions: ${progress.partitionsDone} of ${progress.partitions}`)
    } else {
      if (nowMs - this.#startMs < QUIET_MS || nowMs - this.#lastMs < BAR_PERIOD_MS) return
      terminal(`\r${bar(progress)}\u001b[K`)
      this.#barShown = true
    }
    this.#lastMs = nowMs
  }

  /** Clears the bar. */
  done(): void {
    if (this.#barShown) this.#output.terminal?.('\r\u001b[K')
    this.#barShown = false
  }
}

function bar({ partitionsDone, partitions, bytesDone }: StartProgress): string {
  const filled =
    partitions === 0 ? BAR_CELLS : Math.min(BAR_CELLS, Math.floor((partitionsDone / partitions) * BAR_CELLS))
  const cells = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled)
  return `recovering ${cells} ${partitionsDone}/${partitions} partitions, ${(bytesDone / 2 ** 20).toFixed(0)} MiB checked`
}
