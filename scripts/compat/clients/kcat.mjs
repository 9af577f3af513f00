/** kcat: librdkafka's command-line tool. Text in, text out; keys and values are read back by their lengths. */
import assert from 'node:assert/strict'
import { run, works } from '../processes.mjs'
import { codecs, librdkafkaSendsPlain, textRecords } from '../records.mjs'

const DELIMITER = '\t'

export const kcat = {
  name: 'kcat',
  codecs,
  sendsPlain: librdkafkaSendsPlain,
  records: textRecords,
  unavailable: () => (works('kcat', ['-V']) ? undefined : 'kcat is not installed'),

  async produce({ broker, topic, codec, records }) {
    const lines = records.map(({ key, value }) => {
      const text = value ?? ''
      return key === null ? `${text}` : `${key}${DELIMITER}${text}`
    })
    const headers = records[0].headers.flatMap(([name, value]) => ['-H', `${name}=${value}`])
    const flags = ['-P', '-b', broker, '-t', topic, '-p', '0', '-K', DELIMITER, '-Z', '-z', codec, ...headers]
    await run('kcat', flags, { input: lines.join('\n') })
  },

  async consume({ broker, topics }) {
    const found = new Map()
    for (const { topic, count } of topics) {
      const flags = ['-C', '-b', broker, '-t', topic, '-p', '0', '-o', 'beginning', '-e', '-q', '-f', '%K %S %k%s%h\n']
      const { stdout } = await run('kcat', flags)
      found.set(topic, parseRecords(stdout, count))
    }
    return found
  },

  extras: { '-L': listing, '-Q': offsetQueries, 'offset by time': offsetsByTime },
}

function parseRecords(output) {
  const records = []
  for (let at = 0; at < output.length; ) {
    const space = output.indexOf(' ', output.indexOf(' ', at) + 1)
    const [keyLength, valueLength] = output.toString('latin1', at, space).split(' ').map(Number)
    const keyEnd = space + 1 + Math.max(0, keyLength)
    const valueEnd = keyEnd + Math.max(0, valueLength)
    const lineEnd = output.indexOf('\n', valueEnd)
    records.push({
      key: keyLength < 0 ? null : output.subarray(space + 1, keyEnd),
      value: valueLength < 0 ? null : output.subarray(keyEnd, valueEnd),
      headers: parseHeaders(output.toString('utf8', valueEnd, lineEnd)),
    })
    at = lineEnd + 1
  }
  return records
}

function parseHeaders(text) {
  if (text === '') return []
  return text.split(',').map((pair) => {
    const separator = pair.indexOf('=')
    return [pair.slice(0, separator), Buffer.from(pair.slice(separator + 1))]
  })
}

async function listing({ broker, topic }) {
  const { stdout } = await run('kcat', ['-L', '-J', '-b', broker])
  const metadata = JSON.parse(stdout)
  assert.deepEqual(
    metadata.brokers.map(({ name }) => name),
    [broker],
  )
  const found = metadata.topics.find((each) => each.topic === topic)
  assert.deepEqual(
    found.partitions.map(({ partition, leader }) => [partition, leader]),
    [[0, metadata.brokers[0].id]],
  )
}

async function offsetQueries({ broker, topic, count }) {
  const query = async (time) => {
    const { stdout } = await run('kcat', ['-Q', '-b', broker, '-t', `${topic}:0:${time}`])
    return Number(/offset (-?\d+)/.exec(stdout.toString())[1])
  }
  assert.equal(await query(-2), 0, 'earliest')
  assert.equal(await query(-1), count, 'latest')
  const { stdout } = await run('kcat', [...readFlags(broker, topic, 'beginning'), '-f', '%T %o\n'])
  const rows = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
  const [timestamp] = rows[Math.floor(rows.length / 2)]
  const [, expected] = rows.find(([time]) => time >= timestamp)
  assert.equal(await query(timestamp), expected, 'offset of a timestamp')
}

async function offsetsByTime({ broker, topic }) {
  const times = await run('kcat', [...readFlags(broker, topic, 'beginning'), '-f', '%T %o\n'])
  const rows = times.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
  const [timestamp] = rows.at(-1)
  const [, first] = rows.find(([time]) => time >= timestamp)
  const from = await run('kcat', [...readFlags(broker, topic, `s@${timestamp}`), '-f', '%o\n'])
  assert.equal(Number(from.stdout.toString().split('\n')[0]), first)
}

function readFlags(broker, topic, offset) {
  return ['-C', '-b', broker, '-t', topic, '-p', '0', '-o', offset, '-e', '-q']
}
