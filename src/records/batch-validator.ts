import type { Clock } from '../base/clock.ts'
import type { ProducerId, TimestampMs } from '../base/ids.ts'
import type { Slab } from '../native/slab.ts'
import type { BatchChecksum } from './batch-checksum.ts'
import { BatchErrorCode } from './batch-error-code.ts'
import {
  ATTRIBUTES,
  attributes,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_OVERHEAD_BYTES,
  baseOffset,
  baseSequence,
  baseTimestamp,
  batchLength,
  Codec,
  CRC,
  codecOf,
  isControl,
  isTransactional,
  LOG_APPEND_TIME_FLAG,
  lastOffsetDelta,
  MAX_TIMESTAMP,
  magic,
  maxTimestamp,
  NO_PRODUCER_ID,
  NO_TIMESTAMP,
  producerEpoch,
  producerId,
  recordCount,
  storedCrc,
  TimestampType,
  timestampTypeOf,
  writeInt64,
} from './batch-header.ts'

/**
 * Decides from the header and the checksum whether a client's batch may be
 * appended, in the order in which Apache Kafka decides, so that a batch with two
 * faults earns the same error. One call of the addon a batch, for the checksum.
 *
 * It does not look at records: what their keys, timestamps and offset deltas
 * say is record-validator.ts's. So the timestamp window is held against the two
 * timestamps of the header only.
 *
 * Stricter than Kafka, which appends these: bytes after the batch (it drops them
 * without a word); a maximum timestamp outside the window that no record has
 * (indexes trust the header here); a producer id beyond 2^53, or such a
 * timestamp where the window is open (both are kept as numbers).
 */
export interface BatchRules {
  /** max.message.bytes: header included. */
  readonly batchBytesMax: number
  /** segment.bytes: a batch has to fit into one segment. */
  readonly segmentBytesMax: number
  /** message.timestamp.type. Under logAppendTime the client's timestamps do not matter. */
  readonly timestampType: TimestampType
  /** message.timestamp.before.max.ms and .after.max.ms; Kafka's "long max" is Infinity. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
}

/** What a log needs to know of a batch; the caller owns one and reuses it. */
export interface ValidatedBatch {
  slab: Slab
  /** Start of the header within the slab. */
  position: number
  byteLength: number
  lastOffsetDelta: number
  maxTimestamp: TimestampMs
  producerId: ProducerId
  producerEpoch: number
  baseSequence: number
  isTransactional: boolean
  isControl: boolean
}

export class BatchValidator {
  /** Why the last `validate` refused, for the answer's error_message; '' after it accepted. */
  reason = ''
  readonly #clock: Clock
  readonly #checksum: BatchChecksum

  constructor(options: { clock: Clock; checksum: BatchChecksum }) {
    this.#clock = options.clock
    this.#checksum = options.checksum
  }

  /**
   * Returns 0 and fills `target`, or a wire error code and leaves `target` half filled.
   * `target.slab`, `.position` and `.byteLength` say which bytes to look at.
   */
  validate(target: ValidatedBatch, rules: BatchRules): number {
    this.reason = ''
    const bytes = target.slab.bytes
    const { position, byteLength } = target
    const framing = this.#checkFraming(bytes, position, byteLength)
    if (framing !== BatchErrorCode.none) return framing
    if (baseOffset(bytes, position) !== 0) {
      return this.#refuse(BatchErrorCode.invalidRecord, 'the base offset of a batch from a client must be 0')
    }
    if (byteLength > rules.batchBytesMax) {
      return this.#refuse(
        BatchErrorCode.messageTooLarge,
        `the batch has ${byteLength} bytes, max.message.bytes is ${rules.batchBytesMax}`,
      )
    }
    if (byteLength < BATCH_HEADER_BYTES) {
      return this.#refuse(BatchErrorCode.corruptMessage, `${byteLength} bytes are too few for a batch header`)
    }
    const crc = this.#checksum(target.slab, position + ATTRIBUTES, byteLength - ATTRIBUTES)
    if (crc !== storedCrc(bytes, position)) {
      return this.#refuse(BatchErrorCode.corruptMessage, 'the checksum of the batch does not match its bytes')
    }
    if (byteLength > rules.segmentBytesMax) {
      return this.#refuse(
        BatchErrorCode.recordListTooLarge,
        `the batch has ${byteLength} bytes, segment.bytes is ${rules.segmentBytesMax}`,
      )
    }
    const content = this.#checkContent(bytes, position)
    if (content !== BatchErrorCode.none) return content
    fillTarget(bytes, position, target)
    return this.#checkTimestamps(bytes, target, rules)
  }

  /**
   * Makes `now` the timestamp of every record of a validated batch, for topics with message.timestamp.type=LogAppendTime:
   * sets the flag and the maximum timestamp, computes the checksum again. Returns the timestamp.
   */
  stampLogAppendTime(target: ValidatedBatch): TimestampMs {
    const { bytes } = target.slab
    const { position, byteLength } = target
    const nowMs = this.#clock.nowMs()
    bytes.writeInt16BE(attributes(bytes, position) | LOG_APPEND_TIME_FLAG, position + ATTRIBUTES)
    writeInt64(bytes, position + MAX_TIMESTAMP, nowMs)
    bytes.writeInt32BE(this.#checksum(target.slab, position + ATTRIBUTES, byteLength - ATTRIBUTES), position + CRC)
    target.maxTimestamp = nowMs
    return nowMs
  }

  #refuse(code: BatchErrorCode, reason: string): number {
    this.reason = reason
    return code
  }

  /** Is there exactly one batch of format 2? Kafka answers INVALID_RECORD for a wrong number of batches, CORRUPT_MESSAGE for a length that no batch can have. */
  #checkFraming(bytes: Buffer, position: number, byteLength: number): number {
    if (byteLength < BATCH_OVERHEAD_BYTES) {
      return this.#refuse(BatchErrorCode.invalidRecord, 'exactly one record batch is needed, there is none')
    }
    const length = batchLength(bytes, position)
    if (length < LEGACY_RECORD_BYTES_MIN) {
      return this.#refuse(BatchErrorCode.corruptMessage, `no batch can have a length of ${length} bytes`)
    }
    if (byteLength < BATCH_OVERHEAD_BYTES + length) {
      return this.#refuse(
        BatchErrorCode.invalidRecord,
        `the batch is cut off: its header announces ${BATCH_OVERHEAD_BYTES + length} bytes, ${byteLength} came`,
      )
    }
    const version = magic(bytes, position)
    if (version !== BATCH_MAGIC) {
      const code = version < 0 || version > BATCH_MAGIC ? BatchErrorCode.corruptMessage : BatchErrorCode.invalidRecord
      return this.#refuse(code, `batch format ${version} is not supported, only ${BATCH_MAGIC}`)
    }
    if (byteLength > BATCH_OVERHEAD_BYTES + length) {
      return this.#refuse(BatchErrorCode.invalidRecord, 'exactly one record batch is needed, more bytes follow it')
    }
    return BatchErrorCode.none
  }

  #checkContent(bytes: Buffer, position: number): number {
    const flags = attributes(bytes, position)
    const codec = codecOf(flags)
    if (codec > Codec.zstd) {
      return this.#refuse(BatchErrorCode.unsupportedCompressionType, `compression type ${codec} is unknown`)
    }
    const count = recordCount(bytes, position)
    if (count <= 0 || count !== lastOffsetDelta(bytes, position) + 1) {
      return this.#refuse(
        BatchErrorCode.invalidRecord,
        `the batch claims ${count} records but offsets 0 to ${lastOffsetDelta(bytes, position)}`,
      )
    }
    if (isControl(flags)) {
      return this.#refuse(BatchErrorCode.invalidRecord, 'clients may not write control records')
    }
    const producer = producerId(bytes, position)
    if (!Number.isSafeInteger(producer)) {
      return this.#refuse(BatchErrorCode.invalidRecord, 'the producer id is out of range')
    }
    if (producer > NO_PRODUCER_ID && baseSequence(bytes, position) < 0) {
      return this.#refuse(BatchErrorCode.invalidRecord, 'a batch with a producer id needs a sequence number')
    }
    return BatchErrorCode.none
  }

  /** A batch that claims LogAppendTime has one timestamp, its maximum; otherwise header and maximum stand for all records. */
  #checkTimestamps(bytes: Buffer, target: ValidatedBatch, rules: BatchRules): number {
    const { maxTimestamp, position } = target
    const claimsLogAppendTime = timestampTypeOf(attributes(bytes, position)) === TimestampType.logAppendTime
    if (claimsLogAppendTime && (rules.timestampType === TimestampType.logAppendTime || maxTimestamp === NO_TIMESTAMP)) {
      return this.#refuse(BatchErrorCode.invalidTimestamp, 'a producer may not set the timestamp type LogAppendTime')
    }
    if (rules.timestampType === TimestampType.logAppendTime) return BatchErrorCode.none
    const nowMs = this.#clock.nowMs()
    const first = claimsLogAppendTime ? maxTimestamp : baseTimestamp(bytes, position)
    if (isOutsideWindow(first, nowMs, rules) || isOutsideWindow(maxTimestamp, nowMs, rules)) {
      return this.#refuse(
        BatchErrorCode.invalidTimestamp,
        `timestamps ${first} to ${maxTimestamp} are not within ${rules.timestampBeforeMaxMs} ms before and ` +
          `${rules.timestampAfterMaxMs} ms after ${nowMs}`,
      )
    }
    return BatchErrorCode.none
  }
}

/** The smallest record of the oldest format; Kafka's bound on a plausible length. */
const LEGACY_RECORD_BYTES_MIN = 14

function fillTarget(bytes: Buffer, position: number, target: ValidatedBatch): void {
  const flags = attributes(bytes, position)
  target.lastOffsetDelta = lastOffsetDelta(bytes, position)
  target.maxTimestamp = maxTimestamp(bytes, position)
  // Kafka reads every negative id as none.
  target.producerId = Math.max(NO_PRODUCER_ID, producerId(bytes, position))
  target.producerEpoch = producerEpoch(bytes, position)
  target.baseSequence = baseSequence(bytes, position)
  target.isTransactional = isTransactional(flags)
  target.isControl = isControl(flags)
}

/** A timestamp of -1 is none and always inside. */
function isOutsideWindow(timestamp: TimestampMs, nowMs: TimestampMs, rules: BatchRules): boolean {
  if (timestamp === NO_TIMESTAMP) return false
  if (!Number.isSafeInteger(timestamp)) return true
  return nowMs - timestamp > rules.timestampBeforeMaxMs || timestamp - nowMs > rules.timestampAfterMaxMs
}
