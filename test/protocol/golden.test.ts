import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  decode,
  ErrorCode,
  encode,
  errorMessage,
  errorName,
  isRetriable,
  Reader,
  Writer,
} from '../../src/protocol/index.ts'
import { allVersions, messageNamed } from './all-messages.ts'
import { valueFromJson, withRecords } from './message-values.ts'

/** Values and the bytes that Apache Kafka's own classes write for them; see scripts/oracle/golden-vectors.mjs. */
interface GoldenRow {
  readonly name: string
  readonly version: number
  readonly json: unknown
  readonly hex: string
}

const wire = new URL('../wire/', import.meta.url)
const rows: GoldenRow[] = gunzipSync(readFileSync(new URL('golden.jsonl.gz', wire)))
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const byName = new Map<string, GoldenRow[]>()
for (const row of rows) byName.set(row.name, [...(byName.get(row.name) ?? []), row])

test('there are vectors for every version of every message', () => {
  const present = new Set(rows.map(({ name, version }) => `${name} v${version}`))
  const missing = allVersions.filter(([name, version]) => !present.has(`${name} v${version}`))
  expect(missing.map(([name, version]) => `${name} v${version}`)).toEqual([])
})

describe.each([...byName])('%s', (_, vectors) => {
  test('Kafka’s bytes decode to the value that they were written from', () => {
    const reader = new Reader()
    for (const { name, version, json, hex } of vectors) {
      const message = messageNamed(name)
      const bytes = Buffer.from(hex, 'hex')
      reader.reset(bytes, 0, bytes.length)
      const value = decode(message, reader, version)
      expect(reader.position).toBe(bytes.length)
      expect(withRecords(message.fields, value, bytes)).toEqual(valueFromJson(message.fields, json))
    }
  })

  test('the value encodes to Kafka’s bytes', () => {
    const writer = new Writer(16)
    for (const { name, version, json, hex } of vectors) {
      const message = messageNamed(name)
      writer.clear()
      encode(message, writer, version, valueFromJson(message.fields, json))
      expect(writer.written().toString('hex')).toBe(hex)
    }
  })
})

describe('the error table', () => {
  const codes: { name: string; code: number; retriable: boolean }[] = JSON.parse(
    readFileSync(new URL('error-codes.json', wire), 'utf8'),
  )

  test('holds Kafka’s codes under Kafka’s names', () => {
    expect(Object.entries(ErrorCode)).toEqual(codes.map(({ name, code }) => [name, code]))
    for (const { name, code } of codes) expect(errorName(code)).toBe(name)
  })

  test('says of each code what it means, once', () => {
    const messages = codes.map(({ code }) => errorMessage(code))
    expect(new Set(messages).size).toBe(codes.length)
    expect(messages.filter((message) => message.startsWith('error '))).toEqual([])
    expect(errorMessage(9999)).toBe('error 9999')
  })

  test('agrees with Kafka on what may be retried', () => {
    expect(codes.filter(({ code }) => isRetriable(code))).toEqual(codes.filter(({ retriable }) => retriable))
  })
})
