import { expect, it } from 'vitest'
import {
  ControlType,
  decodeBatch,
  decodeControlType,
  decodeCoordinatorEpoch,
  encodeLeaderChange,
  encodeTransactionMarker,
  RecordsError,
} from '../../src/records/index.ts'
import { goldenBytes } from './golden.ts'

const TIMESTAMP_MS = 1_700_000_000_000

it("transaction markers are Kafka's, byte for byte", () => {
  const fields = { producerId: 77, producerEpoch: 2, partitionLeaderEpoch: 4 }
  const commit = encodeTransactionMarker({
    type: ControlType.commit,
    coordinatorEpoch: 9,
    timestampMs: TIMESTAMP_MS,
    fields: { ...fields, baseOffset: 12 },
  })
  expect(commit.toString('hex')).toBe(goldenBytes('commit marker').toString('hex'))
  const abort = encodeTransactionMarker({
    type: ControlType.abort,
    coordinatorEpoch: 10,
    timestampMs: TIMESTAMP_MS,
    fields: { ...fields, baseOffset: 13 },
  })
  expect(abort.toString('hex')).toBe(goldenBytes('abort marker').toString('hex'))
})

it('markers are read', () => {
  const record = decodeBatch(goldenBytes('abort marker')).records[0]!
  expect(decodeControlType(record.key)).toBe(ControlType.abort)
  expect(decodeCoordinatorEpoch(record.value)).toBe(10)
  expect(() => decodeControlType(Buffer.alloc(3))).toThrow(RecordsError)
  expect(() => decodeCoordinatorEpoch(null)).toThrow(RecordsError)
})

it("a leader change is Kafka's, byte for byte", () => {
  const fields = { baseOffset: 0, partitionLeaderEpoch: 1 }
  const change = encodeLeaderChange({ leaderId: 1, timestampMs: TIMESTAMP_MS, fields })
  expect(change.toString('hex')).toBe(goldenBytes('leader change').toString('hex'))
})
