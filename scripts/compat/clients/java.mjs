/**
 * Apache Kafka's own clients: the Java client itself (any bytes, through RecordExchange.java), the console tools (text),
 * and the performance tools. The jars come from KAFKA_LIBS or from scripts/oracle/assemble.mjs.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { root, run, works } from '../processes.mjs'
import { binaryRecords, byTopic, codecs, textRecords, toLines } from '../records.mjs'

const libraries = process.env.KAFKA_LIBS ?? path.join(root, '.oracle', 'libs')
const classPath = ['-cp', `${libraries}/*`]
const exchange = path.join(root, 'scripts', 'compat', 'java', 'RecordExchange.java')
const tools = 'org.apache.kafka.tools'
const NULL_TEXT = '(null)'
const PERFORMANCE_RECORDS = 50_000

function unavailable() {
  if (!works('java', ['-version'])) return 'java is not installed'
  if (!existsSync(libraries)) return 'no Kafka jars: run scripts/oracle/assemble.mjs, or set KAFKA_LIBS'
  return undefined
}

const java = (args, input) => run('java', [...classPath, ...args], { input })

export const javaClient = {
  name: 'Java client',
  codecs,
  records: binaryRecords,
  unavailable,
  async produce({ broker, topic, codec, records }) {
    await java([exchange, 'produce', broker, topic, codec], toLines(records))
  },
  async consume({ broker, topics }) {
    const wanted = topics.map(({ topic, count }) => `${topic}:${count}`)
    return byTopic((await java([exchange, 'consume', broker, ...wanted])).stdout)
  },
  extras: { 'perf producer': producerPerformance, 'perf consumer': consumerPerformance },
}

export const javaConsole = {
  name: 'Java console',
  codecs,
  records: textRecords,
  textOnly: true,
  unavailable,
  async produce({ broker, topic, codec, records }) {
    const lines = records.map(({ key, value, headers }) => {
      const pairs = headers.map(([name, bytes]) => `${name}:${bytes}`).join(',')
      return [pairs, key ?? NULL_TEXT, value ?? NULL_TEXT].join('\t')
    })
    const reader = ['parse.key=true', 'parse.headers=true', `null.marker=${NULL_TEXT}`]
    const flags = ['--bootstrap-server', broker, '--topic', topic, '--compression-codec', codec]
    const properties = reader.flatMap((property) => ['--reader-property', property])
    await java(['-Dfile.encoding=UTF-8', `${tools}.ConsoleProducer`, ...flags, ...properties], lines.join('\n'))
  },
  async consume({ broker, topics }) {
    const found = new Map()
    for (const { topic, count } of topics) found.set(topic, await consoleConsume(broker, topic, count))
    return found
  },
  extras: {},
}

async function consoleConsume(broker, topic, count) {
  const formatter = ['print.key=true', 'print.headers=true', `null.literal=${NULL_TEXT}`]
  const position = [
    '--partition',
    '0',
    '--offset',
    'earliest',
    '--max-messages',
    String(count),
    '--timeout-ms',
    '60000',
  ]
  const properties = formatter.flatMap((property) => ['--formatter-property', property])
  const flags = ['--bootstrap-server', broker, '--topic', topic, ...position, ...properties]
  const { stdout } = await java(['-Dfile.encoding=UTF-8', `${tools}.consumer.ConsoleConsumer`, ...flags])
  const lines = stdout.toString().split('\n').filter(Boolean)
  return lines.map((line) => {
    const [headers, key, value] = line.split('\t')
    const orNull = (text) => (text === NULL_TEXT ? null : Buffer.from(text))
    const pairs = headers.split(',').map((pair) => pair.split(':'))
    return { key: orNull(key), value: orNull(value), headers: pairs.map(([name, text]) => [name, Buffer.from(text)]) }
  })
}

async function producerPerformance({ broker }) {
  const load = ['--num-records', String(PERFORMANCE_RECORDS), '--record-size', '100', '--throughput', '-1']
  const flags = ['--bootstrap-server', broker, '--topic', 'java-performance', ...load]
  const { stdout } = await java([`${tools}.ProducerPerformance`, ...flags])
  assert.match(stdout.toString(), new RegExp(`^${PERFORMANCE_RECORDS} records sent`, 'm'))
  const wanted = [{ topic: 'java-performance', count: PERFORMANCE_RECORDS }]
  const read = (await javaClient.consume({ broker, topics: wanted })).get('java-performance')
  assert.equal(read.length, PERFORMANCE_RECORDS)
  assert.ok(read.every(({ value }) => value.length === 100))
}

/** It has no flag for a partition: it always joins a group. */
async function consumerPerformance() {
  return { skip: 'it joins a consumer group, and groups are not served yet' }
}
