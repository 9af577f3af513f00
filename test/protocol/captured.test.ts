import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  decode,
  decodeRequestHeader,
  encode,
  type Message,
  Reader,
  responseHeaderVersion,
  Writer,
} from '../../src/protocol/index.ts'
import { allMessages } from './all-messages.ts'
import { withRecords } from './message-values.ts'

/** What a real client and Apache Kafka said to each other; see scripts/oracle/capture-clients.mjs. */
interface Exchange {
  readonly connection: number
  readonly key: number
  readonly version: number
  readonly request: string
  readonly response: string | null
}

const captured = new URL('../wire/captured/', import.meta.url)
const API_VERSIONS_KEY = 18
const UNSUPPORTED_VERSION = 35

const files = readdirSync(captured).map((name) => {
  const text = gunzipSync(readFileSync(new URL(name, captured))).toString('utf8')
  const exchanges: Exchange[] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return [name.replace('.jsonl.gz', ''), exchanges] as const
})

function messageOf(kind: Message<unknown>['kind'], key: number): Message<unknown> {
  const found = allMessages.find((message) => message.kind === kind && message.key === key)
  if (found === undefined) throw new Error(`no ${kind} of API ${key}`)
  return found
}

/** Decodes all that is left and expects it to encode to the same bytes again. */
function expectSameBytes(message: Message<unknown>, reader: Reader, version: number): void {
  const body = reader.bytes.subarray(reader.position)
  const value = decode(message, reader, version)
  expect(reader.remaining, `${message.name} v${version}: bytes left`).toBe(0)
  const writer = new Writer()
  encode(message, writer, version, withRecords(message.fields, value, reader.bytes))
  expect(writer.written().toString('hex'), `${message.name} v${version}`).toBe(body.toString('hex'))
}

describe.each(files)('%s', (_, exchanges) => {
  test('every request decodes to its last byte and encodes to the same bytes', () => {
    for (const { key, version, request } of exchanges) {
      const reader = new Reader()
      const bytes = Buffer.from(request, 'hex')
      reader.reset(bytes, 0, bytes.length)
      const header = decodeRequestHeader(reader)
      expect([header.apiKey, header.apiVersion, header.correlationId]).toEqual([key, version, bytes.readInt32BE(4)])
      expectSameBytes(messageOf('request', key), reader, version)
    }
  })

  test('so does every answer of Kafka', () => {
    for (const { key, version, request, response } of exchanges) {
      if (response === null) continue
      const bytes = Buffer.from(response, 'hex')
      const reader = new Reader()
      reader.reset(bytes, 0, bytes.length)
      expect(reader.int32()).toBe(Buffer.from(request, 'hex').readInt32BE(4))
      if (responseHeaderVersion(key, version) === 1) reader.skipTags()
      const isRefusal = key === API_VERSIONS_KEY && bytes.readInt16BE(4) === UNSUPPORTED_VERSION
      expectSameBytes(messageOf('response', key), reader, isRefusal ? 0 : version)
    }
  })
})

test('the captures hold what the tests and the fuzzer count on', () => {
  const versions = new Set(files.flatMap(([, exchanges]) => exchanges.map(({ key, version }) => `${key} v${version}`)))
  const names = files.map(([name]) => name)
  expect(names).toEqual(['confluent-python', 'java-console', 'kafka-python', 'kafkajs', 'kcat', 'platformatic'])
  for (const kind of ['0 v7', '0 v11', '0 v13', '1 v4', '1 v11', '1 v18', '3 v0', '3 v13', '18 v0', '18 v4']) {
    expect([...versions]).toContain(kind)
  }
})
