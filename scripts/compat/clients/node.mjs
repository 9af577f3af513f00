/** The two JavaScript clients. Both consume through groups only. */
import { binaryRecords } from '../records.mjs'

const NO_GROUPS = 'this client consumes through a group, and groups are not served yet'

export const kafkajs = {
  name: 'kafkajs',
  // Other codecs need plug-ins that do not come with it.
  codecs: ['none', 'gzip'],
  records: recordsWithoutRepeats,
  unavailable: () => undefined,
  async produce({ broker, topic, codec, records }) {
    const { CompressionTypes, Kafka, logLevel, Partitioners } = await import('kafkajs').then((module) => module.default)
    const kafka = new Kafka({ clientId: 'compat', brokers: [broker], logLevel: logLevel.ERROR })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = records.map(({ key, value, headers }) => ({ key, value, headers: Object.fromEntries(headers) }))
    const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
    await producer.send({ topic, acks: -1, compression, messages })
    await producer.disconnect()
  },
  cannotConsume: NO_GROUPS,
  extras: {},
}

export const platformatic = {
  name: '@platformatic/kafka',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  records: recordsWithoutRepeats,
  unavailable: () => undefined,
  /** zstd needs a Node that has it (22.15); that is between the client and Node. */
  isMissingCodec: (error) => error.errors?.some(({ code }) => code === 'PLT_KFK_UNSUPPORTED_COMPRESSION') === true,
  async produce({ broker, topic, codec, records }) {
    const { Producer } = await import('@platformatic/kafka')
    const producer = new Producer({ clientId: 'compat', bootstrapBrokers: [broker], autocreateTopics: true })
    try {
      const messages = records.map(({ key, value, headers }) => ({
        topic,
        partition: 0,
        key: key ?? undefined,
        value: value ?? undefined,
        headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), bytes])),
      }))
      await producer.send({ acks: -1, compression: codec, messages })
    } finally {
      await producer.close()
    }
  },
  cannotConsume: NO_GROUPS,
  extras: {},
}

/** Both take headers as an object or a map, which cannot hold a name twice. */
function recordsWithoutRepeats(label) {
  return binaryRecords(label).map((record) => ({ ...record, headers: [...new Map(record.headers)] }))
}
