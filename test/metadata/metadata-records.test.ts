import { describe, expect, it } from 'vitest'
import {
  decodeRecord,
  encodeRecord,
  type ImageRecord,
  RecordFormatError,
  RecordType,
} from '../../src/metadata/metadata-records.ts'
import { Reader } from '../../src/protocol/index.ts'
import { kafkaLog } from './kafka-log.ts'

const TYPE_NAMES: Record<string, number> = {
  FEATURE_LEVEL_RECORD: RecordType.featureLevel,
  REGISTER_BROKER_RECORD: RecordType.registerBroker,
  BROKER_REGISTRATION_CHANGE_RECORD: RecordType.brokerRegistrationChange,
  TOPIC_RECORD: RecordType.topic,
  PARTITION_RECORD: RecordType.partition,
  PARTITION_CHANGE_RECORD: RecordType.partitionChange,
  CONFIG_RECORD: RecordType.config,
  REMOVE_TOPIC_RECORD: RecordType.removeTopic,
  PRODUCER_IDS_RECORD: RecordType.producerIds,
  BEGIN_TRANSACTION_RECORD: RecordType.beginTransaction,
  END_TRANSACTION_RECORD: RecordType.endTransaction,
  REGISTER_CONTROLLER_RECORD: RecordType.ignored,
  CLEAR_ELR_RECORD: RecordType.opaque,
}
const reader = new Reader()

function decodeHex(hex: string) {
  return decodeRecord(Buffer.from(hex, 'hex'), reader)
}

describe('records that Apache Kafka wrote', () => {
  it('decode to what its own tool prints', () => {
    const log = kafkaLog()
    expect(log.length).toBeGreaterThan(80)
    for (const { type, data, hex } of log) {
      const record = decodeHex(hex)
      expect(record.type, type).toBe(TYPE_NAMES[type])
      // The tool leaves out tagged fields that have their default.
      if (isImageRecord(record)) expect(record.value).toMatchObject(data)
    }
  })

  it('are what we write for the same values, where Kafka used the version that we use', () => {
    const compared = new Set<number>()
    for (const { hex } of kafkaLog()) {
      const record = decodeHex(hex)
      if (!isImageRecord(record)) continue
      const ours = encodeRecord(record)
      // Byte 2 is the version; Kafka writes a lower one where that loses nothing.
      if (ours[2] !== Buffer.from(hex, 'hex')[2]) continue
      expect(ours.toString('hex')).toBe(hex)
      compared.add(record.type)
    }
    const written = [RecordType.registerBroker, RecordType.topic, RecordType.partition, RecordType.config]
    for (const type of [
      ...written,
      RecordType.partitionChange,
      RecordType.featureLevel,
      RecordType.brokerRegistrationChange,
    ]) {
      expect(compared, `type ${type}`).toContain(type)
    }
  })
})

describe('what is no record', () => {
  it.each([
    ['nothing', ''],
    ['another frame version', '02020000'],
    ['a version that is newer than ours', '010c0901620005'],
    ['a record that is cut off', '010c000262'],
    ['bytes behind a record', '010c00026200050000'],
  ])('%s is refused with words', (_name, hex) => {
    expect(() => decodeHex(hex)).toThrow(RecordFormatError)
  })
})

function isImageRecord(record: ReturnType<typeof decodeHex>): record is ImageRecord {
  return record.type >= 0 && 'value' in record
}
