import { assert } from '../base/assert.ts'
import type { ProducerId } from '../base/ids.ts'
import type { MetadataEngine } from './metadata-engine.ts'
import { RecordType } from './metadata-records.ts'

/** Ids per record in the metadata log, as Kafka's controller hands them to brokers. */
export const PRODUCER_ID_BLOCK_SIZE = 1000

/**
 * Hands out producer ids, each once in the life of the cluster: they come from
 * blocks that are durably taken before their first id is given away. What is
 * left of a block when the broker stops is never used.
 */
export class ProducerIds {
  readonly #engine: MetadataEngine
  readonly #nodeId: number
  #next: ProducerId = 0
  #end: ProducerId = 0
  #refill: Promise<void> | undefined

  constructor(engine: MetadataEngine, nodeId: number) {
    this.#engine = engine
    this.#nodeId = nodeId
  }

  async next(): Promise<ProducerId> {
    while (this.#next === this.#end) {
      this.#refill ??= this.#takeBlock().finally(() => {
        this.#refill = undefined
      })
      await this.#refill
    }
    return this.#next++
  }

  async #takeBlock(): Promise<void> {
    const { result: first } = await this.#engine.propose((image) => {
      const value = {
        brokerId: this.#nodeId,
        brokerEpoch: image.brokers.get(this.#nodeId)?.epoch ?? -1,
        nextProducerId: image.nextProducerId + PRODUCER_ID_BLOCK_SIZE,
      }
      return { records: [{ type: RecordType.producerIds, value }], result: image.nextProducerId }
    })
    assert(this.#next === this.#end, 'a block is taken only when none is left')
    this.#next = first
    this.#end = first + PRODUCER_ID_BLOCK_SIZE
  }
}
