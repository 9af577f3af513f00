import type { Clock } from '../base/clock.ts'
import type { Slab } from '../native/slab.ts'
import { BatchErrorCode } from './batch-error-code.ts'
import {
  attributes,
  BATCH_HEADER_BYTES,
  baseTimestamp,
  Codec,
  codecOf,
  recordCount,
  TimestampType,
  timestampTypeOf,
} from './batch-header.ts'
import type { BatchRules } from './batch-validator.ts'
import { decompress } from './compression.ts'
import { RecordFault, type RecordWalk, type WalkRules } from './record-walk.ts'
import { RecordsError, RecordsErrorCode } from './records-error.ts'

/**
 * Looks at every record of a batch whose header BatchValidator has accepted.
 * Wanted on compacted topics, where every record needs a key, and under
 * `sluice.validate.records=full`.
 *
 * Records that cannot be told apart (lengths that contradict each other) refuse
 * the batch as a whole; otherwise every bad record is listed, as Kafka does: if
 * one is bad for its timestamp the batch is refused with INVALID_TIMESTAMP, else
 * with INVALID_RECORD. Offset deltas other than 0, 1, 2 … are refused, where
 * Kafka would write the batch again.
 */
export interface RecordRules extends BatchRules {
  /** Compacted topics: every record needs a key. */
  readonly keysRequired: boolean
}

export interface RecordVerdict {
  /** A wire error code, 0 when every record may be appended. */
  readonly errorCode: number
  readonly message: string | null
  readonly recordErrors: BadRecord[]
}

export interface BadRecord {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string | null
}

/** More bad records than this are counted, not listed. */
const LISTED_MAX = 1000

const ACCEPTED: RecordVerdict = { errorCode: BatchErrorCode.none, message: null, recordErrors: [] }

export class RecordValidator {
  readonly #clock: Clock
  readonly #walk: RecordWalk
  readonly #decompressedBytesMax: number

  constructor(options: { clock: Clock; walk: RecordWalk; decompressedBytesMax: number }) {
    this.#clock = options.clock
    this.#walk = options.walk
    this.#decompressedBytesMax = options.decompressedBytesMax
  }

  /** The verdict on an uncompressed batch; undefined when it has to be decompressed first. */
  examineNow(slab: Slab, position: number, byteLength: number, rules: RecordRules): RecordVerdict | undefined {
    if (codecOf(attributes(slab.bytes, position)) !== Codec.none) return undefined
    const start = position + BATCH_HEADER_BYTES
    return this.#examineSection(slab.bytes, position, slab.bytes.subarray(start, position + byteLength), rules)
  }

  /** Decompresses off the event loop, then looks. Never rejects. The slab stays pinned until it settles. */
  async examine(slab: Slab, position: number, byteLength: number, rules: RecordRules): Promise<RecordVerdict> {
    const compressed = slab.bytes.subarray(position + BATCH_HEADER_BYTES, position + byteLength)
    try {
      const codec = knownCodec(slab.bytes, position)
      const section = await decompress(codec, compressed, this.#decompressedBytesMax)
      return this.#examineSection(slab.bytes, position, section, rules)
    } catch (error) {
      if (error instanceof RecordsError) return refusalOf(error)
      throw error
    }
  }

  #examineSection(bytes: Buffer, position: number, section: Buffer, rules: RecordRules): RecordVerdict {
    const walkRules = this.#walkRules(bytes, position, rules)
    const faults = new Int32Array(2 * Math.min(walkRules.count + 1, LISTED_MAX))
    const found = this.#walk(section, 0, section.length, walkRules, faults)
    return found === 0 ? ACCEPTED : verdictOf(faults, found)
  }

  #walkRules(bytes: Buffer, position: number, rules: RecordRules): WalkRules {
    const isCreateTime = rules.timestampType === TimestampType.createTime
    const flags = attributes(bytes, position)
    return {
      count: recordCount(bytes, position),
      keysRequired: rules.keysRequired,
      // A batch that claims LogAppendTime has one timestamp, which the header's check has seen.
      timestampsChecked: isCreateTime && timestampTypeOf(flags) === TimestampType.createTime,
      baseTimestamp: baseTimestamp(bytes, position),
      nowMs: this.#clock.nowMs(),
      timestampBeforeMaxMs: rules.timestampBeforeMaxMs,
      timestampAfterMaxMs: rules.timestampAfterMaxMs,
    }
  }
}

function knownCodec(bytes: Buffer, position: number): Codec {
  const number = codecOf(attributes(bytes, position))
  for (const codec of Object.values(Codec)) if (codec === number) return codec
  throw new RecordsError(RecordsErrorCode.codecUnknown, `compression type ${number} is unknown`)
}

/**
 * MESSAGE_TOO_LARGE makes a producer split the batch, which helps; a block that does not decompress is INVALID_RECORD,
 * because CORRUPT_MESSAGE would make it send the same bytes again.
 */
function refusalOf(error: RecordsError): RecordVerdict {
  const isTooLarge = error.code === RecordsErrorCode.outputTooLarge
  const errorCode = isTooLarge ? BatchErrorCode.messageTooLarge : BatchErrorCode.invalidRecord
  return { errorCode, message: error.message, recordErrors: [] }
}

const FAULT_MESSAGES: Record<RecordFault, string> = {
  [RecordFault.malformed]: 'the record does not fit its length',
  [RecordFault.offset]: 'the offset of the record does not follow the one before',
  [RecordFault.withoutKey]: 'a record of a compacted topic needs a key',
  [RecordFault.timestamp]: 'the timestamp of the record is out of range',
  [RecordFault.trailingBytes]: 'bytes follow the last record',
}

function verdictOf(faults: Int32Array, found: number): RecordVerdict {
  const listed = Math.min(found, faults.length / 2)
  const recordErrors: BadRecord[] = []
  let errorCode: number = BatchErrorCode.invalidRecord
  for (let index = 0; index < listed; index++) {
    const fault = faultAt(faults, index)
    if (fault === RecordFault.malformed || fault === RecordFault.trailingBytes) {
      return { errorCode: BatchErrorCode.invalidRecord, message: FAULT_MESSAGES[fault], recordErrors: [] }
    }
    if (fault === RecordFault.timestamp) errorCode = BatchErrorCode.invalidTimestamp
    recordErrors.push({ batchIndex: faults[2 * index]!, batchIndexErrorMessage: FAULT_MESSAGES[fault] })
  }
  return { errorCode, message: `${found} records of the batch are refused, see record_errors`, recordErrors }
}

function faultAt(faults: Int32Array, index: number): RecordFault {
  const number = faults[2 * index + 1]
  for (const fault of Object.values(RecordFault)) if (fault === number) return fault
  throw new RangeError(`record fault ${number} is unknown`)
}
