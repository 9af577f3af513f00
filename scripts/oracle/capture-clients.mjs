#!/usr/bin/env node
/**
 * Records what real clients and Apache Kafka say to each other into `test/wire/captured/<client>.jsonl.gz`: the clients
 * of `scripts/compat` produce in every codec they have, consume by partition and, where they can, through a group; the
 * Java tools administer topics and configurations. One exchange a row.
 *
 *   node scripts/oracle/capture-clients.mjs [FILE ...]
 *
 * Needs Kafka's jars (`assemble.mjs` or KAFKA_LIBS) and java; a client that is not installed is skipped, loudly.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import kafkajsModule from 'kafkajs'
import { javaConsole } from '../compat/clients/java.mjs'
import { kcat } from '../compat/clients/kcat.mjs'
import { kafkajs, platformatic } from '../compat/clients/node.mjs'
import { confluentPython, kafkaPython } from '../compat/clients/python.mjs'
import { run } from '../compat/processes.mjs'
import { CaptureProxy } from './capture.mjs'
import { kafkaLibraries } from './kafka-jars.mjs'
import { startKafka } from './kafka-peer.mjs'

const RECORDS_PER_TOPIC = 5
const GROUP_TIMEOUT_MS = 30_000
const TOOLS = 'org.apache.kafka.tools'
/** DescribeLogDirs answers with directories of the machine at hand: those stay here. */
const ANSWERS_NOT_KEPT = new Set([35])
const captured = resolve(dirname(fileURLToPath(import.meta.url)), '../../test/wire/captured')
const classPath = `${kafkaLibraries()}/*`

const clients = [
  { file: 'kcat', client: kcat, more: kcatQueries },
  { file: 'kafka-python', client: kafkaPython },
  { file: 'confluent-python', client: confluentPython },
  { file: 'kafkajs', client: kafkajs, more: kafkajsGroup },
  { file: 'platformatic', client: platformatic },
  { file: 'java-console', client: javaConsole, more: javaAdministration },
]

/** Runs a program to its end; one that fails has still said something worth keeping, so that is only told. */
async function tell(command, argumentList, input) {
  try {
    await run(command, argumentList, { input })
  } catch (error) {
    console.error(error.message)
  }
}

async function kcatQueries({ broker, topics }) {
  const [{ topic }] = topics
  const at = ['-b', broker, '-t']
  await tell('kcat', ['-L', '-b', broker])
  await tell('kcat', ['-Q', ...at, `${topic}:0:-1`])
  await tell('kcat', ['-Q', ...at, `${topic}:0:1000`])
  await tell('kcat', ['-P', ...at, topic, '-p', '0', '-X', 'enable.idempotence=true'], 'idempotent')
  await tell('kcat', ['-P', ...at, topic, '-p', '0', '-X', 'acks=0'], 'without an answer')
}

async function kafkajsGroup({ broker, topics }) {
  const [{ topic }] = topics
  const { Kafka, logLevel } = kafkajsModule
  const kafka = new Kafka({ clientId: 'capture', brokers: [broker], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'capture-kafkajs' })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let remaining = RECORDS_PER_TOPIC
  const all = new Promise((done) => {
    consumer.run({ eachMessage: async () => --remaining === 0 && done() }).catch(done)
  })
  await Promise.race([all, sleep(GROUP_TIMEOUT_MS)])
  await consumer.commitOffsets([{ topic, partition: 0, offset: String(RECORDS_PER_TOPIC) }])
  await consumer.disconnect()
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'made-by-kafkajs', numPartitions: 2 }] })
  await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: topic }] })
  await admin.alterConfigs({
    validateOnly: true,
    resources: [{ type: 2, name: topic, configEntries: [{ name: 'retention.ms', value: '1000000' }] }],
  })
  await admin.createPartitions({ topicPartitions: [{ topic: 'made-by-kafkajs', count: 3 }] })
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  await admin.describeCluster()
  await admin.deleteTopics({ topics: ['made-by-kafkajs'] })
  await admin.disconnect()
}

async function javaAdministration({ broker, topics, directory }) {
  const [{ topic }] = topics
  const server = ['--bootstrap-server', broker]
  const java = (name, ...flags) => tell('java', ['-Xmx256m', '-cp', classPath, name, ...server, ...flags])
  const records = { partitions: [{ topic, partition: 0, offset: 1 }], version: 1 }
  const recordsFile = join(directory, 'delete-records.json')
  writeFileSync(recordsFile, JSON.stringify(records))
  await java(
    `${TOOLS}.TopicCommand`,
    '--create',
    '--topic',
    'made-by-java',
    '--partitions',
    '2',
    '--config',
    'retention.ms=1',
  )
  await java(`${TOOLS}.TopicCommand`, '--describe')
  await java(`${TOOLS}.TopicCommand`, '--alter', '--topic', 'made-by-java', '--partitions', '3')
  await java('kafka.admin.ConfigCommand', '--alter', '--topic', 'made-by-java', '--add-config', 'segment.bytes=2000000')
  await java('kafka.admin.ConfigCommand', '--describe', '--all', '--topic', 'made-by-java')
  await java(`${TOOLS}.GetOffsetShell`, '--topic', topic)
  await java(`${TOOLS}.GetOffsetShell`, '--topic', topic, '--time', '-3')
  await java(`${TOOLS}.DeleteRecordsCommand`, '--offset-json-file', recordsFile)
  await java(`${TOOLS}.LogDirsCommand`, '--describe')
  await java(`${TOOLS}.TransactionsCommand`, 'describe-producers', '--topic', topic, '--partition', '0')
  const some = ['--from-beginning', '--max-messages', '2', '--timeout-ms', '30000']
  for (const protocol of ['classic', 'consumer']) {
    const group = ['--group', `capture-${protocol}`, '--consumer-property', `group.protocol=${protocol}`]
    await java(`${TOOLS}.consumer.ConsoleConsumer`, '--topic', topic, ...group, ...some)
  }
  await java(`${TOOLS}.consumer.group.ConsumerGroupCommand`, '--describe', '--all-groups')
  await java(`${TOOLS}.consumer.group.ConsumerGroupCommand`, '--delete', '--group', 'capture-classic')
  await java(`${TOOLS}.TopicCommand`, '--delete', '--topic', 'made-by-java')
}

async function exercise({ file, client, more }, { broker, directory }) {
  const topics = []
  for (const codec of client.codecs) {
    const topic = `${file}-${codec}`
    const records = client.records(topic).slice(0, RECORDS_PER_TOPIC)
    try {
      await client.produce({ broker, topic, codec, records })
      topics.push({ topic, count: RECORDS_PER_TOPIC, records })
    } catch (error) {
      console.error(`${file} ${codec}: ${error.message}`)
    }
  }
  if (client.consume !== undefined) await client.consume({ broker, topics })
  await more?.({ broker, topics, directory })
}

function write(file, exchanges) {
  const kept = exchanges.map((row) => (ANSWERS_NOT_KEPT.has(row.key) ? { ...row, response: null } : row))
  const text = kept.map((row) => `${JSON.stringify(row)}\n`).join('')
  mkdirSync(captured, { recursive: true })
  writeFileSync(join(captured, `${file}.jsonl.gz`), gzipSync(text, { level: 9 }))
  console.log(`${file}: ${exchanges.length} exchanges`)
}

async function main(files) {
  const wanted = files.length === 0 ? clients : clients.filter(({ file }) => files.includes(file))
  const proxy = new CaptureProxy()
  const port = await proxy.listen()
  const directory = mkdtempSync(join(tmpdir(), 'sluice-capture-'))
  const properties = { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}` }
  const kafka = await startKafka({ directory, properties })
  proxy.upstreamPort = kafka.port
  try {
    for (const each of wanted) {
      const missing = each.client.unavailable()
      if (missing !== undefined) {
        console.error(`SKIPPED ${each.file}: ${missing}`)
        continue
      }
      proxy.startClient(each.file)
      await exercise(each, { broker: `127.0.0.1:${port}`, directory })
      write(
        each.file,
        proxy.exchanges().filter(({ client }) => client === each.file),
      )
    }
  } finally {
    await proxy.close()
    await kafka.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main(process.argv.slice(2))
