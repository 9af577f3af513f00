#!/usr/bin/env node
/**
 * Writes `test/wire/golden.jsonl.gz`: for every message and version in src/protocol a few seeded random values and the
 * bytes that Apache Kafka's generated classes write for them; and `test/wire/error-codes.json`, Kafka's error table.
 * Neither values nor bytes come from our code. Run `npm run build:ts` before.
 *
 *   node scripts/oracle/golden-vectors.mjs
 *
 * Rows are {name, version, json, hex}; integers beyond 2^53 are strings in json. Exit code 3: skipped, no jars or java.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import * as protocol from '../../dist/protocol/index.js'
import { Message } from '../../dist/protocol/index.js'
import { randomNumbers, randomValue } from './golden-values.mjs'
import { kafkaLibraries, kafkaSchemas } from './kafka-jars.mjs'

const SEED = 20_260_801
const VALUES_PER_VERSION = 8
const EXIT_SKIPPED = 3
const scripts = dirname(fileURLToPath(import.meta.url))
const wire = resolve(scripts, '../../test/wire')
const libraries = kafkaLibraries()

function runJava(command, input) {
  const program = join(scripts, 'GoldenVectors.java')
  const classPath = join(libraries, '*')
  const result = spawnSync('java', ['-Xmx512m', '-cp', classPath, program, command], { input, maxBuffer: 2 ** 29 })
  if (result.error?.code === 'ENOENT') {
    console.error('SKIPPED: java is not installed')
    process.exit(EXIT_SKIPPED)
  }
  if (result.status !== 0) throw new Error(`GoldenVectors.java failed: ${result.stderr}`)
  return result.stdout
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Big integers as bare numbers, as Kafka reads them. */
function toKafkaJson(value) {
  const marked = JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `bigint:${inner}` : inner))
  return marked.replace(/"bigint:(-?\d+)"/g, '$1')
}

function toGoldenJson(value) {
  return JSON.parse(JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)))
}

function questions() {
  const schemas = kafkaSchemas(libraries)
  const random = randomNumbers(SEED)
  const rows = []
  for (const message of Object.values(protocol).filter((value) => value instanceof Message)) {
    const schema = schemas.get(message.name)
    for (let version = message.versions[0]; version <= message.versions[1]; version++) {
      for (let index = 0; index < VALUES_PER_VERSION; index++) {
        rows.push({ name: message.name, version, json: randomValue(schema, version, random) })
      }
    }
  }
  return rows
}

/** Every value that was asked for must come back out of Kafka's bytes: otherwise the row would prove less than it seems. */
function expectEcho(row, echo) {
  const asked = JSON.parse(toKafkaJson(row.json))
  const lost = lostPath(asked, echo, row.name)
  if (lost !== undefined) throw new Error(`v${row.version}: Kafka read something else than was written at ${lost}`)
}

function lostPath(asked, echoed, path) {
  if (typeof asked !== 'object' || asked === null) return isDeepStrictEqual(asked, echoed) ? undefined : path
  if (Array.isArray(asked) && asked.length !== echoed?.length) return path
  for (const [key, value] of Object.entries(asked)) {
    // Kafka leaves out what equals its default, and shows the records of a message it read as empty.
    if (!Object.hasOwn(echoed, key) || (key === 'records' && value !== null)) continue
    const lost = lostPath(value, echoed[key], `${path}.${key}`)
    if (lost !== undefined) return lost
  }
  return undefined
}

const rows = questions()
const answers = runJava('vectors', rows.map((row) => `${toKafkaJson(row)}\n`).join(''))
rows.forEach((row, index) => {
  expectEcho(row, answers[index].echo)
})
const lines = rows.map(({ name, version, json }, index) =>
  JSON.stringify({ name, version, json: toGoldenJson(json), hex: answers[index].hex }),
)
const golden = gzipSync(`${lines.join('\n')}\n`, { level: 9 })
mkdirSync(wire, { recursive: true })
writeFileSync(join(wire, 'golden.jsonl.gz'), golden)
const errors = runJava('errors', '')
writeFileSync(join(wire, 'error-codes.json'), `[\n${errors.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`)
console.log(`${rows.length} vectors in ${golden.length} bytes, ${errors.length} error codes`)
