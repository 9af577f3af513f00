/**
 * The records that clients exchange. One record is { key, value, headers }: key and value are bytes or null, headers are
 * [name, bytes] pairs in order. Every client that is a program of its own reads and writes them as JSON lines with
 * base64; what is compared is always the bytes.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const RECORD_COUNT = 300

/** Text records that every tool can be fed and can print: keys, null keys, null values, UTF-8; the same headers on all. */
export function textRecords(label) {
  const headers = [
    ['from', Buffer.from(label)],
    ['sprache', Buffer.from('Grüße aus Köln')],
  ]
  return Array.from({ length: RECORD_COUNT }, (_, index) => {
    const key = index % 10 === 3 ? null : Buffer.from(`key-${index % 17}`)
    const text = `${label} record ${index} äöü 日本 ${'the same words again '.repeat(index % 12)}end`
    // A tombstone needs its key.
    return { key, value: index % 10 === 7 ? null : Buffer.from(text), headers }
  })
}

/** Records of any bytes, empty keys and values included, with other headers on each. */
export function binaryRecords(label) {
  return Array.from({ length: RECORD_COUNT }, (_, index) => {
    const bytes = Buffer.alloc((index * 37) % 1500, index % 256)
    for (let at = 0; at < Math.min(bytes.length, 256); at++) bytes[at] = (at * 7 + index) % 256
    const headers = Array.from({ length: index % 4 }, (_, n) => [
      `header-${n % 2}`,
      Buffer.from(`${label} ${index} ${n}`),
    ])
    const key = index % 10 === 3 ? null : Buffer.from([index % 256, 0, 10, 9, 255])
    return { key: index % 10 === 5 ? Buffer.alloc(0) : key, value: index % 10 === 7 ? null : bytes, headers }
  })
}

export function toLines(records) {
  const base64 = (bytes) => (bytes === null ? null : bytes.toString('base64'))
  return records
    .map(({ key, value, headers }) =>
      JSON.stringify({ k: base64(key), v: base64(value), h: headers.map(([name, bytes]) => [name, base64(bytes)]) }),
    )
    .join('\n')
}

/** Lines of { t: topic, k, v, h } by topic. */
export function byTopic(text) {
  const bytes = (base64) => (base64 === null ? null : Buffer.from(base64, 'base64'))
  const topics = new Map()
  for (const line of text.toString().split('\n').filter(Boolean)) {
    const { t, k, v, h } = JSON.parse(line)
    if (!topics.has(t)) topics.set(t, [])
    topics.get(t).push({ key: bytes(k), value: bytes(v), headers: h.map(([name, value]) => [name, bytes(value)]) })
  }
  return topics
}

/** Throws with the first difference. */
export function assertSameRecords(actual, expected, where) {
  assert.equal(actual?.length ?? 0, expected.length, `${where}: number of records`)
  for (const [index, record] of expected.entries()) {
    assert.deepEqual(printable(actual[index]), printable(record), `${where}: record ${index}`)
  }
}

function printable({ key, value, headers }) {
  const hex = (bytes) => (bytes === null ? null : Buffer.from(bytes).toString('hex'))
  return { key: hex(key), value: hex(value), headers: headers.map(([name, bytes]) => `${name}=${hex(bytes)}`) }
}

/**
 * librdkafka sends lz4 only to brokers that advertise FindCoordinator (its `-d feature` log says so), and that comes with
 * groups. Until then its lz4 batches arrive as they are, uncompressed.
 */
export const librdkafkaSendsPlain = { lz4: 'librdkafka wants FindCoordinator advertised before it compresses with lz4' }

/** Codec numbers in the batch headers of a partition's first segment: what is on disk is what the client sent. */
export function storedCodecs(directory, topic) {
  const folder = path.join(directory, `${topic}-0`)
  const [segment] = readdirSync(folder).filter((name) => name.endsWith('.log'))
  const log = readFileSync(path.join(folder, segment))
  const found = new Set()
  for (let at = 0; at + 61 <= log.length && log.readInt32BE(at + 8) > 0; at += 12 + log.readInt32BE(at + 8)) {
    found.add(codecs[log.readInt16BE(at + 21) & 7])
  }
  return found
}
