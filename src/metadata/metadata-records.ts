import {
  brokerRegistrationChangeRecord,
  configRecord,
  DecodeError,
  decode,
  encode,
  featureLevelRecord,
  fenceBrokerRecord,
  type Message,
  type MessageValue,
  partitionChangeRecord,
  partitionRecord,
  producerIdsRecord,
  put,
  type Reader,
  registerBrokerRecord,
  removeTopicRecord,
  topicRecord,
  unfenceBrokerRecord,
  unregisterBrokerRecord,
  Writer,
} from '../protocol/index.ts'

/**
 * Records of the metadata log: what the image is made of, and their bytes.
 *
 * A record value is a frame, then a message in its flexible form:
 *
 *     uvarint frame version = 1 │ uvarint record type │ uvarint record version │ message
 *
 * Types are Kafka's. Records that say nothing about the image are `ignored`;
 * types not known here are `opaque` and kept as bytes, so that a snapshot of a
 * log that Apache Kafka wrote does not lose them.
 */
export const RecordType = {
  registerBroker: 0,
  unregisterBroker: 1,
  topic: 2,
  partition: 3,
  config: 4,
  partitionChange: 5,
  fenceBroker: 7,
  unfenceBroker: 8,
  removeTopic: 9,
  featureLevel: 12,
  producerIds: 15,
  brokerRegistrationChange: 17,
  beginTransaction: 23,
  endTransaction: 24,
  abortTransaction: 25,
  /** Not on disk: no-op and controller registrations, which no image holds. */
  ignored: -1,
  /** Not on disk: any other type. */
  opaque: -2,
} as const

const messages = {
  [RecordType.registerBroker]: registerBrokerRecord,
  [RecordType.unregisterBroker]: unregisterBrokerRecord,
  [RecordType.topic]: topicRecord,
  [RecordType.partition]: partitionRecord,
  [RecordType.config]: configRecord,
  [RecordType.partitionChange]: partitionChangeRecord,
  [RecordType.fenceBroker]: fenceBrokerRecord,
  [RecordType.unfenceBroker]: unfenceBrokerRecord,
  [RecordType.removeTopic]: removeTopicRecord,
  [RecordType.featureLevel]: featureLevelRecord,
  [RecordType.producerIds]: producerIdsRecord,
  [RecordType.brokerRegistrationChange]: brokerRegistrationChangeRecord,
} as const

type Values = { [Type in keyof typeof messages]: MessageValue<(typeof messages)[Type]> }
const formats: { [Type in keyof Values]: Message<Values[Type]> } = messages

/** A record that changes the image, or one member of that union. */
export type ImageRecord<Type extends keyof Values = keyof Values> = {
  [Each in Type]: { readonly type: Each; readonly value: Values[Each] }
}[Type]

/** The value of a record type. */
export type RecordValue<Type extends keyof Values> = Values[Type]

/** Records between begin and end count together; abort drops them. Only Apache Kafka's controller writes them. */
export interface TransactionRecord {
  readonly type:
    | typeof RecordType.beginTransaction
    | typeof RecordType.endTransaction
    | typeof RecordType.abortTransaction
}

export interface IgnoredRecord {
  readonly type: typeof RecordType.ignored
}

export interface OpaqueRecord {
  readonly type: typeof RecordType.opaque
  readonly value: Uint8Array
}

/** What a metadata log may hold. */
export type StoredRecord = ImageRecord | TransactionRecord | IgnoredRecord | OpaqueRecord

/** What proposals are made of. */
export type MetadataRecord = ImageRecord

/** The metadata.version that our records are written at: Apache Kafka 4.3-IV0. It fixes the version of each record type. */
export const METADATA_VERSION = 30

/** Encodes one record at the version that METADATA_VERSION prescribes: the newest that our schemas have. */
export function encodeRecord<Type extends keyof Values>(record: ImageRecord<Type>): Buffer {
  const format = formats[record.type]
  const version = format.versions[1]
  const writer = new Writer(RECORD_BYTES_USUAL)
  put.uvarint(writer, FRAME_VERSION)
  put.uvarint(writer, record.type)
  put.uvarint(writer, version)
  encode(format, writer, version, record.value)
  return writer.written()
}

/** Reads the record that is all of `bytes`. Opaque records are views on `bytes`; everything else is a copy. Throws RecordFormatError. */
export function decodeRecord(bytes: Buffer, reader: Reader): StoredRecord {
  reader.reset(bytes, 0, bytes.length)
  try {
    const frameVersion = reader.uvarint()
    if (frameVersion !== FRAME_VERSION) throw new RecordFormatError(`frame version ${frameVersion} is unknown`)
    const type = reader.uvarint()
    return decodeTyped(type, reader.uvarint(), bytes, reader)
  } catch (error) {
    if (error instanceof DecodeError) throw new RecordFormatError(error.message, { cause: error })
    throw error
  }
}

function decodeTyped(type: number, version: number, bytes: Buffer, reader: Reader): StoredRecord {
  switch (type) {
    case RecordType.beginTransaction:
    case RecordType.endTransaction:
    case RecordType.abortTransaction:
      return { type }
    case KAFKA_NO_OP:
    case KAFKA_REGISTER_CONTROLLER:
      return { type: RecordType.ignored }
    default:
      return isImageType(type) ? decodeImageRecord(type, version, reader) : { type: RecordType.opaque, value: bytes }
  }
}

function decodeImageRecord<Type extends keyof Values>(type: Type, version: number, reader: Reader): ImageRecord<Type> {
  const format = formats[type]
  if (version > format.versions[1]) {
    throw new RecordFormatError(`${format.name} version ${version} is newer than ${format.versions[1]}`)
  }
  const value = decode(format, reader, version)
  if (reader.remaining !== 0) throw new RecordFormatError(`${reader.remaining} bytes follow ${format.name}`)
  return { type, value }
}

function isImageType(type: number): type is keyof Values {
  return Object.hasOwn(formats, type)
}

/** Bytes in the metadata log that are no record of this version's. */
export class RecordFormatError extends Error {
  override readonly name = 'RecordFormatError'
  readonly code = 'SLUICE_METADATA_FORMAT'
  constructor(what: string, options?: ErrorOptions) {
    super(`A record of the metadata log cannot be read: ${what}. A newer version may have written it.`, options)
  }
}

const FRAME_VERSION = 1
const KAFKA_NO_OP = 20
const KAFKA_REGISTER_CONTROLLER = 27
const RECORD_BYTES_USUAL = 128
