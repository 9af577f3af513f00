// Real clients, unmodified, against `sluice serve` with default settings: what
// one client produces with each codec it has, it and another client consume, and
// keys, values, nulls and headers have to be the same. Prints a table; a client
// that is not installed is skipped, loudly. Exit code 1 when anything failed.
//
//   node scripts/compat/run.mjs [--java]     --java needs KAFKA_LIBS or .oracle/libs and a JVM
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, '..', '..')
const ALL_CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const rows = []

function record(client, capability, result, detail = '') {
  rows.push({ client, capability, result, detail })
  console.log(`${result.padEnd(7)} ${client.padEnd(26)} ${capability.padEnd(34)} ${detail}`)
}

function call(command, args, input = '', timeout = 60_000) {
  const result = spawnSync(command, args, { input, encoding: 'utf8', timeout, maxBuffer: 1 << 28 })
  const said = (result.stderr ?? '').trim().split('\n').slice(-2).join(' | ')
  return {
    ok: result.status === 0,
    out: result.stdout ?? '',
    why: result.error?.message ?? (said || `exit ${result.status}`),
  }
}

/** Text records with every combination of key, value and headers that a client can send. */
function dataset(options = {}) {
  return Array.from({ length: 100 }, (_, index) => ({
    key: index % 7 === 0 ? null : `key-${index}`,
    value:
      options.nulls !== false && index % 11 === 5 && index % 7 !== 0
        ? null
        : `value ${index} ${'x'.repeat((index * 37) % 400)}`,
    headers:
      options.headers ??
      (index % 3 === 0
        ? []
        : [
            ['trace', `t${index}`],
            ['kind', 'compat'],
          ]),
  }))
}

const lines = (records) => `${records.map((each) => JSON.stringify(each)).join('\n')}\n`
const parse = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

function script(name, command, file, options) {
  const run = (mode, port, topic, argument, input) =>
    call(command, [path.join(here, file), mode, String(port), topic, String(argument)], input)
  return {
    name,
    version: () => run('version', 0, '-', '-', ''),
    dataset,
    codecs: options.codecs,
    produce: (port, topic, codec, records) => run('produce', port, topic, codec, lines(records)),
    consume: options.consumes ? (port, topic, count) => run('consume', port, topic, count, '') : undefined,
    reason: options.reason,
  }
}

const kcat = {
  name: 'kcat',
  version: () => {
    const result = call('kcat', ['-V'])
    return {
      ...result,
      out: /Version (\S+) .*librdkafka (\S+)/.exec(result.out)?.slice(1, 3).join(', librdkafka ') ?? result.out,
    }
  },
  // Headers are flags: the same for every message of a call.
  dataset: () =>
    dataset({
      headers: [
        ['trace', 'same'],
        ['kind', 'compat'],
      ],
    }),
  codecs: ALL_CODECS,
  produce(port, topic, codec, records) {
    const text = records.map(({ key, value }) => `${key ?? ''}\u0001${value ?? ''}\n`).join('')
    const flags = ['-P', '-K', '\u0001', '-Z', '-z', codec, '-H', 'trace=same', '-H', 'kind=compat', '-p', '0']
    return call('kcat', ['-b', `127.0.0.1:${port}`, '-t', topic, ...flags], text)
  },
  consume(port, topic, count) {
    const result = call('kcat', [
      '-b',
      `127.0.0.1:${port}`,
      '-t',
      topic,
      '-C',
      '-J',
      '-q',
      '-o',
      'beginning',
      '-c',
      String(count),
      '-X',
      'check.crcs=true',
    ])
    if (!result.ok) return result
    const records = parse(result.out).map(({ key, payload, headers = [] }) => {
      const pairs = []
      for (let index = 0; index < headers.length; index += 2) pairs.push([headers[index], headers[index + 1]])
      return { key, value: payload, headers: pairs }
    })
    return { ...result, out: lines(records) }
  },
}

const clients = [
  kcat,
  script('python3-confluent-kafka', '/usr/bin/python3', 'python-confluent.py', { codecs: ALL_CODECS, consumes: true }),
  script('python3-kafka', '/usr/bin/python3', 'python-kafka.py', {
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    consumes: true,
  }),
  script('kafkajs', process.execPath, 'kafkajs.mjs', {
    codecs: ['none', 'gzip'],
    reason: 'its consumer needs a group',
  }),
  script('@platformatic/kafka', process.execPath, 'platformatic.mjs', {
    codecs: ['none', 'gzip', 'snappy', 'lz4'],
    reason: 'its consumer needs a group',
  }),
]

function same(expected, text) {
  const actual = parse(text)
  if (actual.length !== expected.length) return `${actual.length} of ${expected.length} records`
  for (const [index, record] of expected.entries()) {
    const found = actual[index]
    // kcat prints an empty key and none alike where they were sent as "empty is null".
    if (JSON.stringify(found) !== JSON.stringify(record))
      return `record ${index}: ${JSON.stringify(found).slice(0, 80)}`
  }
  return undefined
}

function roundTrip(port, client, codec, consumers) {
  const topic = `${client.name.replace(/[^a-z0-9]/g, '')}-${codec}`
  const expected = client.dataset()
  const sent = client.produce(port, topic, codec, expected)
  if (
    !sent.ok &&
    /not available|not found|No module|Libraries|cannot be loaded|unsupported compression/i.test(sent.why)
  ) {
    return record(client.name, `produce ${codec}`, 'SKIPPED', sent.why.slice(0, 100))
  }
  if (!sent.ok) return record(client.name, `produce ${codec}`, 'FAILED', sent.why)
  for (const consumer of consumers) {
    const got = consumer.consume(port, topic, expected.length)
    const difference = got.ok ? same(expected, got.out) : got.why
    const capability = `${codec}, consumed by ${consumer.name}`
    if (difference !== undefined && /Libraries for|codec not found|UnsupportedCodec/i.test(difference)) {
      record(client.name, capability, 'SKIPPED', difference.slice(0, 100))
    } else {
      record(client.name, capability, difference === undefined ? 'ok' : 'FAILED', difference ?? '')
    }
  }
}

function kcatExtras(port) {
  const base = ['-b', `127.0.0.1:${port}`]
  const listing = call('kcat', [...base, '-L'])
  record('kcat', '-L', listing.ok && listing.out.includes('kcat-none') ? 'ok' : 'FAILED', listing.ok ? '' : listing.why)
  call('kcat', [...base, '-t', 'times', '-P', '-p', '0'], 'one\n')
  const between = Date.now() + 1
  while (Date.now() <= between) {
    // The second record has to be younger than the moment that is asked for.
  }
  call('kcat', [...base, '-t', 'times', '-P', '-p', '0'], 'two\n')
  const query = call('kcat', [...base, '-Q', '-t', `times:0:${between}`])
  record(
    'kcat',
    '-Q, offset by timestamp',
    /offset 1\b/.test(query.out) ? 'ok' : 'FAILED',
    query.out.trim() || query.why,
  )
  const later = call('kcat', [...base, '-t', 'times', '-C', '-p', '0', '-o', `s@${between}`, '-e', '-q'])
  record('kcat', '-C from a timestamp', later.out === 'two\n' ? 'ok' : 'FAILED', JSON.stringify(later.out))
}

function javaClients(port) {
  const libs = process.env.KAFKA_LIBS ?? path.join(root, '.oracle', 'libs')
  if (!existsSync(libs) || !call('java', ['-version']).ok) {
    return record(
      'Java (Apache Kafka)',
      'all',
      'SKIPPED',
      'no JVM or no jars: node scripts/oracle/assemble.mjs, or set KAFKA_LIBS',
    )
  }
  const java = (main, args, input) =>
    call('java', ['-cp', `${libs}/*`, main, '--bootstrap-server', `127.0.0.1:${port}`, ...args], input, 120_000)
  for (const codec of ALL_CODECS) {
    const topic = `java-${codec}`
    const records = dataset({ nulls: false })
    const text = records
      .map(
        ({ key, value, headers }) =>
          `${headers.map(([k, v]) => `${k}:${v}`).join(',') || 'none:none'}\t${key ?? 'NULL'}\t${value}\n`,
      )
      .join('')
    const properties = ['parse.key=true', 'parse.headers=true', 'null.marker=NULL'].flatMap((each) => [
      '--reader-property',
      each,
    ])
    const sent = java(
      'org.apache.kafka.tools.ConsoleProducer',
      ['--topic', topic, '--compression-codec', codec, ...properties],
      text,
    )
    if (!sent.ok) {
      record('Java console producer', codec, 'FAILED', sent.why)
      continue
    }
    const flags = ['print.key=true', 'print.headers=true'].flatMap((each) => ['--formatter-property', each])
    const got = java('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      '--topic',
      topic,
      '--partition',
      '0',
      '--offset',
      'earliest',
      '--max-messages',
      '100',
      '--timeout-ms',
      '30000',
      ...flags,
    ])
    const expected = text.replaceAll('\tNULL\t', '\tnull\t')
    record(
      'Java console',
      `${codec}, produce and consume`,
      got.out === expected ? 'ok' : 'FAILED',
      got.out === expected ? '' : got.why,
    )
    const other = kcat.consume(port, topic, 100)
    record(
      'Java console producer',
      `${codec}, consumed by kcat`,
      other.ok && parse(other.out).length === 100 ? 'ok' : 'FAILED',
      other.ok ? '' : other.why,
    )
  }
  const perf = java('org.apache.kafka.tools.ProducerPerformance', [
    '--topic',
    'java-perf',
    '--num-records',
    '200000',
    '--record-size',
    '100',
    '--throughput',
    '-1',
  ])
  record(
    'Java ProducerPerformance',
    '200,000 records',
    perf.ok && perf.out.includes('200000 records sent') ? 'ok' : 'FAILED',
    perf.out.trim().split('\n').pop() ?? perf.why,
  )
}

async function startBroker(directory) {
  const flags = ['serve', '--port', '0', '--log-dirs', directory, '--log-format', 'json']
  const broker = spawn(process.execPath, [path.join(root, 'dist', 'cli', 'main.js'), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  while (!output.includes('"msg":"ready"')) {
    const [chunk] = await Promise.race([once(broker.stdout, 'data'), once(broker, 'exit').then(() => [undefined])])
    if (chunk === undefined) throw new Error(`the broker did not start:\n${output}`)
    output += chunk
  }
  broker.stdout.resume()
  return {
    broker,
    port: JSON.parse(output.split('\n').find((line) => line.includes('"msg":"ready"'))).listeners[0].port,
  }
}

const directory = await mkdtemp(path.join(tmpdir(), 'sluice-compat-'))
const { broker, port } = await startBroker(path.join(directory, 'data'))
try {
  const present = []
  for (const client of clients) {
    const version = client.version()
    if (version.ok) present.push(client)
    record(client.name, 'present', version.ok ? 'ok' : 'SKIPPED', version.ok ? version.out.trim() : version.why)
  }
  const confluent = present.find((client) => client.name === 'python3-confluent-kafka')
  for (const client of present) {
    if (client.reason !== undefined) record(client.name, 'consume', 'SKIPPED', client.reason)
    const other = client === kcat ? confluent : kcat
    const consumers = [client.consume === undefined ? undefined : client, present.includes(other) ? other : undefined]
    for (const codec of client.codecs)
      roundTrip(
        port,
        client,
        codec,
        consumers.filter((each) => each !== undefined),
      )
  }
  if (present.includes(kcat)) kcatExtras(port)
  if (process.argv.includes('--java')) javaClients(port)
} finally {
  broker.kill('SIGTERM')
  await once(broker, 'exit')
  await rm(directory, { recursive: true, force: true })
}
const count = (result) => rows.filter((row) => row.result === result).length
console.log(`compat: ${count('ok')} passed, ${count('FAILED')} failed, ${count('SKIPPED')} skipped`)
if (count('FAILED') > 0 || count('ok') === 0) process.exit(1)
