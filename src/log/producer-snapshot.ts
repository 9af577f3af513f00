import type { ProducerId } from '../base/ids.ts'
import { crc32c } from '../records/index.ts'
import { ProducerEntry } from './producer-entry.ts'

/**
 * Kafka's producer snapshot (ProducerSnapshot.json, version 1):
 *   version int16 | crc uint32 over all that follows | count int32 | entries
 * entry, 46 bytes:
 *   producerId int64 | epoch int16 | lastSequence int32 | lastOffset int64 | offsetDelta int32 |
 *   timestamp int64 | coordinatorEpoch int32 | currentTransactionFirstOffset int64
 * Only the last batch of each producer is kept.
 */
const VERSION = 1
const CRC_AT = 2
const COUNT_AT = 6
const HEADER_BYTES = 10
const ENTRY_BYTES = 46

export function encodeProducerSnapshot(entries: ReadonlyMap<ProducerId, ProducerEntry>): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + entries.size * ENTRY_BYTES)
  bytes.writeInt16BE(VERSION, 0)
  bytes.writeInt32BE(entries.size, COUNT_AT)
  let at = HEADER_BYTES
  for (const [producerId, entry] of entries) {
    bytes.writeBigInt64BE(BigInt(producerId), at)
    bytes.writeInt16BE(entry.epoch, at + 8)
    bytes.writeInt32BE(entry.lastSequence, at + 10)
    bytes.writeBigInt64BE(BigInt(entry.lastOffset), at + 14)
    bytes.writeInt32BE(entry.lastOffsetDelta, at + 22)
    bytes.writeBigInt64BE(BigInt(entry.lastTimestamp), at + 26)
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34)
    bytes.writeBigInt64BE(BigInt(entry.transactionStart), at + 38)
    at += ENTRY_BYTES
  }
  bytes.writeInt32BE(crc32c(bytes, COUNT_AT, bytes.length) | 0, CRC_AT)
  return bytes
}

/** Undefined when the bytes are not a whole, intact snapshot: it is then rebuilt from the log. */
export function decodeProducerSnapshot(bytes: Buffer): Map<ProducerId, ProducerEntry> | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readInt16BE(0) !== VERSION) return undefined
  const count = bytes.readInt32BE(COUNT_AT)
  if (count < 0 || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return undefined
  if ((crc32c(bytes, COUNT_AT, bytes.length) | 0) !== bytes.readInt32BE(CRC_AT)) return undefined
  const entries = new Map<ProducerId, ProducerEntry>()
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const lastSequence = bytes.readInt32BE(at + 10)
    const timestamp = Number(bytes.readBigInt64BE(at + 26))
    const batch = {
      lastSequence,
      lastOffset: Number(bytes.readBigInt64BE(at + 14)),
      offsetDelta: bytes.readInt32BE(at + 22),
      timestamp,
    }
    entries.set(
      Number(bytes.readBigInt64BE(at)),
      new ProducerEntry({
        epoch: bytes.readInt16BE(at + 8),
        coordinatorEpoch: bytes.readInt32BE(at + 34),
        transactionStart: Number(bytes.readBigInt64BE(at + 38)),
        lastTimestamp: timestamp,
        batches: lastSequence < 0 ? [] : [batch],
      }),
    )
  }
  return entries
}
