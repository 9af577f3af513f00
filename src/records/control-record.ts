import type { ProducerId, TimestampMs } from '../base/ids.ts'
import { type BatchFields, encodeBatch } from './batch-encoder.ts'
import { RecordsError, RecordsErrorCode } from './records-error.ts'

/**
 * Control records: what a log says about itself, one a batch, never shown to
 * consumers. The key is {version i16 = 0, type i16}. A transaction marker's value
 * is {version i16 = 0, coordinator epoch i32}; a leader change's is a flexible
 * message {version i16 = 0, leader id i32, voters, granting voters, tags}.
 */
export const ControlType = { abort: 0, commit: 1, leaderChange: 2 } as const
export type ControlType = (typeof ControlType)[keyof typeof ControlType]

const KEY_VERSION = 0
const KEY_BYTES = 4
const MARKER_VERSION = 0
const MARKER_BYTES = 6

export function encodeControlKey(type: number): Buffer {
  const key = Buffer.alloc(KEY_BYTES)
  key.writeInt16BE(KEY_VERSION, 0)
  key.writeInt16BE(type, 2)
  return key
}

/** The type of a control record, also of types that ControlType does not list. */
export function decodeControlType(key: Buffer | null): number {
  if (key === null || key.length < KEY_BYTES) {
    throw new RecordsError(RecordsErrorCode.corrupt, 'the key of a control record is too short')
  }
  return key.readInt16BE(2)
}

/** The batch that ends a transaction: one record, no sequence number. */
export function encodeTransactionMarker(marker: {
  readonly type: typeof ControlType.abort | typeof ControlType.commit
  readonly coordinatorEpoch: number
  readonly timestampMs: TimestampMs
  readonly fields: BatchFields & { readonly producerId: ProducerId; readonly producerEpoch: number }
}): Buffer {
  const value = Buffer.alloc(MARKER_BYTES)
  value.writeInt16BE(MARKER_VERSION, 0)
  value.writeInt32BE(marker.coordinatorEpoch, 2)
  const record = { key: encodeControlKey(marker.type), value, timestamp: marker.timestampMs }
  return encodeBatch([record], { ...marker.fields, isTransactional: true, isControl: true })
}

/** The coordinator epoch in a transaction marker's value. */
export function decodeCoordinatorEpoch(value: Buffer | null): number {
  if (value === null || value.length < MARKER_BYTES) {
    throw new RecordsError(RecordsErrorCode.corrupt, 'the value of a transaction marker is too short')
  }
  return value.readInt32BE(2)
}

/** The first batch of a new leader of a metadata log. One voter, which is the leader. */
export function encodeLeaderChange(change: {
  readonly leaderId: number
  readonly timestampMs: TimestampMs
  readonly fields: BatchFields
}): Buffer {
  const value = Buffer.alloc(LEADER_CHANGE_BYTES)
  let at = value.writeInt16BE(0, 0)
  at = value.writeInt32BE(change.leaderId, at)
  // Voters, then granting voters: a compact array of one {id i32, no tags} each.
  for (let list = 0; list < 2; list++) {
    at = value.writeUInt8(1 + 1, at)
    at = value.writeInt32BE(change.leaderId, at)
    at = value.writeUInt8(0, at)
  }
  value.writeUInt8(0, at)
  const record = { key: encodeControlKey(ControlType.leaderChange), value, timestamp: change.timestampMs }
  return encodeBatch([record], { ...change.fields, isControl: true })
}

const LEADER_CHANGE_BYTES = 2 + 4 + 2 * (1 + 4 + 1) + 1
