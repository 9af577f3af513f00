import type { Connection } from '../net/index.ts'
import type { ProduceAnswer, ProduceListener } from './produce-answer.ts'

/** Something parked that wants to look again when data arrived. */
export interface Woken {
  /** Set while it is in the turn's list, so that it is there once. */
  woken: boolean
  recheck(): void
}

/** Who ends turns: the request server. */
export interface TurnHost {
  readonly inTurn: boolean
  flush(): void
}

/**
 * What the current event-loop turn has gathered and still has to do: answers
 * that became ready, parked fetches that were woken. When work arrives outside a
 * turn (an I/O completion, a timer) one flush is scheduled behind the completions
 * that are already due.
 */
export class Turn implements ProduceListener {
  /** Batches were appended since the logs were last flushed. */
  appended = false
  #connections: Connection[] = []
  #woken: Woken[] = []
  #scheduled = false
  #host: TurnHost | undefined
  readonly #flush = (): void => {
    this.#scheduled = false
    this.#host?.flush()
  }

  /** Called once, when the server exists. */
  attach(host: TurnHost): void {
    this.#host = host
  }

  get hasWork(): boolean {
    return this.appended || this.#connections.length > 0 || this.#woken.length > 0
  }

  produceSettled(answer: ProduceAnswer): void {
    this.#connections.push(answer.connection)
    this.schedule()
  }

  wake(waiter: Woken): void {
    if (waiter.woken) return
    waiter.woken = true
    this.#woken.push(waiter)
    this.schedule()
  }

  /** Makes sure that a turn ends after this. */
  schedule(): void {
    if (this.#scheduled || this.#host === undefined || this.#host.inTurn) return
    this.#scheduled = true
    queueMicrotask(this.#flush)
  }

  takeConnections(): Connection[] {
    const taken = this.#connections
    if (taken.length > 0) this.#connections = []
    return taken
  }

  takeWoken(): Woken[] {
    const taken = this.#woken
    if (taken.length > 0) this.#woken = []
    return taken
  }
}
