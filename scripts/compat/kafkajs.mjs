// kafkajs as a compatibility client: produce PORT TOPIC CODEC, records as JSON lines on standard input.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { CompressionTypes, Kafka, logLevel } = require('kafkajs')
const [mode, port, topic, codec] = process.argv.slice(2)
if (mode === 'version') {
  console.log(require('kafkajs/package.json').version)
} else {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.ERROR, retry: { retries: 2 } })
  const messages = readFileSync(0, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ key, value, headers }) => ({ key, value, partition: 0, headers: Object.fromEntries(headers) }))
  const producer = kafka.producer({ allowAutoTopicCreation: true })
  await producer.connect()
  await producer.send({
    topic,
    messages,
    compression: codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
  })
  await producer.disconnect()
}
