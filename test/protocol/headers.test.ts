import { describe, expect, test } from 'vitest'
import {
  apiName,
  DecodeError,
  decodeRequestHeader,
  encodeResponseHeader,
  Reader,
  responseHeaderVersion,
  Writer,
} from '../../src/protocol/index.ts'
import { allMessages } from './all-messages.ts'

function headerOf(hex: string): { header: ReturnType<typeof decodeRequestHeader>; rest: string } {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const reader = new Reader()
  reader.reset(bytes, 0, bytes.length)
  const header = decodeRequestHeader(reader)
  return { header, rest: bytes.toString('hex', reader.position) }
}

function responseHeader(apiKey: number, apiVersion: number): string {
  const writer = new Writer()
  encodeResponseHeader(writer, apiKey, apiVersion, 7)
  return writer.written().toString('hex')
}

describe('request header', () => {
  test('version 1: client id with a two-byte length, then the body', () => {
    const { header, rest } = headerOf('0003 0008 00000007 0004 6b636174 ffff')
    expect(header).toEqual({ apiKey: 3, apiVersion: 8, correlationId: 7, clientId: 'kcat' })
    expect(rest).toBe('ffff')
  })

  test('version 2: the same, and a tag section', () => {
    const { header, rest } = headerOf('0003 0009 00000007 0004 6b636174 01 05 02 abcd ffff')
    expect(header.clientId).toBe('kcat')
    expect(rest).toBe('ffff')
  })

  test('no client id', () => {
    expect(headerOf('0000 0003 ffffffff ffff').header).toEqual({
      apiKey: 0,
      apiVersion: 3,
      correlationId: -1,
      clientId: null,
    })
  })

  test('an ApiVersions version of the future is read up to the client id', () => {
    const { header, rest } = headerOf('0012 0063 00000001 0001 61 0102030405')
    expect(header).toEqual({ apiKey: 18, apiVersion: 99, correlationId: 1, clientId: 'a' })
    expect(rest).toBe('0102030405')
  })

  test('a key that nobody knows still has a readable header', () => {
    expect(headerOf('7fff 0000 00000001 0001 61').header.apiKey).toBe(32767)
  })

  test.each([
    ['negative key', 'ffff 0000 00000001 0001 61'],
    ['negative version', '0003 ffff 00000001 0001 61'],
    ['cut in the key', '00'],
    ['cut in the client id', '0003 0008 00000007 0004 6b63'],
    ['cut in the tags', '0003 0009 00000007 0001 61 01 00 05 00'],
  ])('%s is refused', (_, hex) => {
    expect(() => headerOf(hex)).toThrow(DecodeError)
  })
})

describe('response header', () => {
  test('grows a tag section with the first flexible version of its API', () => {
    for (const { name, key, versions, flexible } of allMessages.filter(({ kind }) => kind === 'response')) {
      for (let version = versions[0]; version <= versions[1]; version++) {
        const expected = version >= flexible && key !== 18 ? 1 : 0
        expect(responseHeaderVersion(key, version), `${name} v${version}`).toBe(expected)
      }
    }
  })

  test('of ApiVersions never does', () => {
    expect(responseHeader(18, 4)).toBe('00000007')
    expect(responseHeader(3, 8)).toBe('00000007')
    expect(responseHeader(3, 9)).toBe('0000000700')
  })
})

test('APIs have names', () => {
  expect(apiName(75)).toBe('DescribeTopicPartitions')
  expect(apiName(5)).toBe('API key 5')
})
