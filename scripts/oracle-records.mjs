// Apache Kafka as the judge of src/records. Needs java and Apache Kafka's libs
// directory (KAFKA_LIBS, default /opt/kafka/libs), and `npm run build:ts` before.
//
//   node scripts/oracle-records.mjs golden   writes test/wire/records/*.jsonl.gz anew
//   node scripts/oracle-records.mjs check    Kafka reads what src/records encodes, in every codec
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { Codec, crc32c, encodeCompressedBatch } from '../dist/records/index.js'
import { doubtfulBatches } from './oracle-records/doubtful-batches.mjs'

const scripts = path.dirname(fileURLToPath(import.meta.url))
const goldenDirectory = path.resolve(scripts, '../test/wire/records')
const libs = process.env.KAFKA_LIBS ?? '/opt/kafka/libs'

function oracle(command, questions = []) {
  const source = path.join(scripts, 'oracle-records', 'RecordsOracle.java')
  const input = questions.map((question) => JSON.stringify(question)).join('\n')
  const result = spawnSync('java', ['-cp', path.join(libs, '*'), source, command], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (result.status !== 0) throw new Error(`the oracle failed: ${result.stderr}`)
  return result.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function writeGolden(name, rows) {
  mkdirSync(goldenDirectory, { recursive: true })
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  writeFileSync(path.join(goldenDirectory, name), gzipSync(text, { level: 9 }))
  console.log(`${name}: ${rows.length} rows`)
}

function golden() {
  const batches = oracle('emit')
  writeGolden('kafka-batches.jsonl.gz', batches)
  const bytes = new Map(batches.map((row) => [row.name, Buffer.from(row.hex, 'hex')]))
  const questions = [...doubtfulBatches((name) => bytes.get(name), crc32c)]
  const answers = oracle('verdict', questions)
  writeGolden(
    'kafka-verdicts.jsonl.gz',
    questions.map((question, index) => ({ ...question, ...answers[index] })),
  )
}

/** Records that exercise every size of varint, nulls, and blocks of every compressor. */
function sampleRecords(seed) {
  const records = []
  for (let index = 0; index < 300; index++) {
    const size = (index * 37 * seed) % 700
    records.push({
      key: index % 5 === 0 ? null : Buffer.from(`key-${index % 11}`),
      value: index % 7 === 0 ? null : Buffer.alloc(size, `value ${index * seed} `),
      timestamp: 1_700_000_000_000 + ((index * 7919) % 100_000) - 50_000,
      headers:
        index % 3 === 0
          ? [
              { key: 'h', value: null },
              { key: 'ü', value: Buffer.from([index % 256]) },
            ]
          : [],
    })
  }
  return records
}

const hexOrNull = (bytes) => (bytes === null ? null : bytes.toString('hex'))

async function check() {
  const cases = []
  for (const codec of Object.values(Codec)) {
    for (let seed = 1; seed <= 4; seed++) {
      const records = sampleRecords(seed)
      const batch = await encodeCompressedBatch(records, codec, { baseOffset: 1000 * seed, partitionLeaderEpoch: seed })
      cases.push({ codec, seed, records, hex: batch.toString('hex') })
    }
  }
  const answers = oracle(
    'read',
    cases.map(({ hex }) => ({ hex })),
  )
  let failures = 0
  for (const [index, { codec, seed, records }] of cases.entries()) {
    const expected = records.map((record, at) => ({
      offset: 1000 * seed + at,
      timestamp: record.timestamp,
      key: hexOrNull(record.key),
      value: hexOrNull(record.value),
      headers: record.headers.map(({ key, value }) => ({ key, value: hexOrNull(value) })),
    }))
    const found = answers[index].batches?.[0]?.records
    if (isDeepStrictEqual(found, expected)) continue
    failures++
    console.error(`codec ${codec}, seed ${seed}: Kafka reads something else`, answers[index].error ?? '')
  }
  console.log(`${cases.length - failures} passed, ${failures} failed`)
  if (failures > 0) process.exit(1)
}

const command = process.argv[2]
if (command === 'golden') golden()
else if (command === 'check') await check()
else {
  console.error('usage: node scripts/oracle-records.mjs golden|check')
  process.exit(2)
}
