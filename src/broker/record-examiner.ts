import type { Slab } from '../native/slab.ts'
import type { StageVerdict } from './append-stage.ts'
import type { ProduceRules } from './produce-rules.ts'

/**
 * Looks at every record of a batch whose header is already valid: under
 * `sluice.validate.records=full`, and for keys on compacted topics. A port:
 * record-walk and decompression behind it belong to the records room.
 */
export interface RecordExaminer {
  /** The verdict where no decompression is needed, else undefined. */
  examineNow(slab: Slab, position: number, byteLength: number, rules: ProduceRules): StageVerdict | undefined
  /** Off the loop, with bounded output. Never rejects. */
  examine(slab: Slab, position: number, byteLength: number, rules: ProduceRules): Promise<StageVerdict>
}
