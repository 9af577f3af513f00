import type { TimestampMs } from '../base/ids.ts'
import type { RecordsAddon } from '../native/index.ts'
import { NO_TIMESTAMP } from './batch-header.ts'
import { VarintReader } from './varint.ts'

/**
 * Walks the uncompressed record section of a batch and lists the records that
 * may not be appended. native/records/batch.cc is the same walk; both must agree
 * on every input, which a test with mutated batches checks.
 */
export const RecordFault = {
  /** Lengths contradict each other; the walk ends here. */
  malformed: 1,
  /** The offset delta is not the record's index. */
  offset: 2,
  withoutKey: 3,
  /** Outside the window, or beyond 2^53. */
  timestamp: 4,
  /** Bytes are left after the last record. */
  trailingBytes: 5,
} as const
export type RecordFault = (typeof RecordFault)[keyof typeof RecordFault]

export interface WalkRules {
  readonly count: number
  readonly keysRequired: boolean
  readonly timestampsChecked: boolean
  readonly baseTimestamp: TimestampMs
  readonly nowMs: TimestampMs
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
}

/**
 * Writes pairs (record index, RecordFault) into `faults`, at most one a record, as far as there is room. Returns how
 * many faults there were.
 */
export type RecordWalk = (bytes: Buffer, start: number, end: number, rules: WalkRules, faults: Int32Array) => number

/** The addon's walk takes the rules as numbers, in the order of WalkParameter in native/records/record_exports.cc. */
export function createRecordWalk(addon: RecordsAddon | undefined): RecordWalk {
  if (addon === undefined) return walkRecords
  return (bytes, start, end, rules, faults) => {
    const parameters = Float64Array.of(
      rules.count,
      rules.keysRequired ? 1 : 0,
      rules.timestampsChecked ? 1 : 0,
      rules.timestampsChecked ? rules.baseTimestamp : 0,
      rules.nowMs,
      rules.timestampBeforeMaxMs,
      rules.timestampAfterMaxMs,
    )
    return addon.walkRecords(bytes, start, end, parameters, faults)
  }
}

interface WalkedRecord {
  timestampDelta: number
  offsetDelta: number
  hasKey: boolean
}

export function walkRecords(bytes: Buffer, start: number, end: number, rules: WalkRules, faults: Int32Array): number {
  const reader = new VarintReader(bytes, start, end)
  const record: WalkedRecord = { timestampDelta: 0, offsetDelta: 0, hasKey: false }
  let found = 0
  for (let index = 0; index < rules.count; index++) {
    if (!readRecord(reader, record)) return reportFault(faults, found, index, RecordFault.malformed)
    const fault = faultOf(rules, record, index)
    if (fault !== 0) found = reportFault(faults, found, index, fault)
  }
  if (reader.position !== end) found = reportFault(faults, found, rules.count, RecordFault.trailingBytes)
  return found
}

function reportFault(faults: Int32Array, found: number, index: number, fault: RecordFault): number {
  if (2 * found + 1 < faults.length) {
    faults[2 * found] = index
    faults[2 * found + 1] = fault
  }
  return found + 1
}

/** False when the fields do not fill exactly the length that the record announces. */
function readRecord(reader: VarintReader, record: WalkedRecord): boolean {
  const bodyLength = reader.readVarint()
  const bodyStart = reader.position
  // Record attributes: none are defined.
  reader.readByte()
  record.timestampDelta = reader.readVarlong()
  record.offsetDelta = reader.readVarint()
  const keyLength = reader.readVarint()
  record.hasKey = keyLength >= 0
  if (keyLength > 0) reader.skip(keyLength)
  skipNullable(reader)
  if (!skipHeaders(reader) || reader.failed) return false
  return reader.position - bodyStart === bodyLength
}

function skipNullable(reader: VarintReader): void {
  const byteLength = reader.readVarint()
  if (byteLength > 0) reader.skip(byteLength)
}

function skipHeaders(reader: VarintReader): boolean {
  const count = reader.readVarint()
  if (count < 0) return false
  for (let index = 0; index < count && !reader.failed; index++) {
    const keyLength = reader.readVarint()
    if (keyLength < 0) return false
    reader.skip(keyLength)
    skipNullable(reader)
  }
  return true
}

/** One fault a record, the first in Kafka's order: key, timestamp; our own check of offsets comes first. */
function faultOf(rules: WalkRules, record: WalkedRecord, index: number): RecordFault | 0 {
  if (record.offsetDelta !== index) return RecordFault.offset
  if (rules.keysRequired && !record.hasKey) return RecordFault.withoutKey
  if (rules.timestampsChecked && !isTimestampAcceptable(rules, record.timestampDelta)) return RecordFault.timestamp
  return 0
}

function isTimestampAcceptable(rules: WalkRules, delta: number): boolean {
  if (!Number.isSafeInteger(delta)) return false
  const timestamp = rules.baseTimestamp + delta
  if (!Number.isSafeInteger(timestamp)) return false
  if (timestamp === NO_TIMESTAMP) return true
  return !(rules.nowMs - timestamp > rules.timestampBeforeMaxMs || timestamp - rules.nowMs > rules.timestampAfterMaxMs)
}
