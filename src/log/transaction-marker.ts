import type { Offset } from '../base/ids.ts'
import { batchHeader, ControlType, decodeBatch, decodeControlType, decodeCoordinatorEpoch } from '../records/index.ts'
import type { TransactionMarker } from './producer-states.ts'

/** The marker that a control batch holds; undefined for control records of other kinds. The batch has been validated. */
export function readTransactionMarker(bytes: Buffer, position: number, offset: Offset): TransactionMarker | undefined {
  const record = decodeBatch(bytes, position).records[0]
  if (record === undefined) return undefined
  const type = decodeControlType(record.key)
  if (type !== ControlType.abort && type !== ControlType.commit) return undefined
  return {
    producerId: batchHeader.producerId(bytes, position),
    producerEpoch: batchHeader.producerEpoch(bytes, position),
    coordinatorEpoch: decodeCoordinatorEpoch(record.value),
    offset,
    timestamp: batchHeader.maxTimestamp(bytes, position),
    aborted: type === ControlType.abort,
  }
}
