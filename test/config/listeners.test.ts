import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { brokerConfig } from '../../src/config/index.ts'
import { formatHost, parseEndpoint } from '../../src/config/listeners.ts'

describe('an endpoint', () => {
  const legal: Record<string, [name: string, host: string, port: number]> = {
    'PLAINTEXT://127.0.0.1:9092': ['PLAINTEXT', '127.0.0.1', 9092],
    'plaintext://localhost:0': ['PLAINTEXT', 'localhost', 0],
    'PLAINTEXT://[::1]:9092': ['PLAINTEXT', '::1', 9092],
    'PLAINTEXT://[fe80::1%eth0]:9092': ['PLAINTEXT', 'fe80::1%eth0', 9092],
    'INTERNAL_1://:9092': ['INTERNAL_1', '', 9092],
    'A-B.C://host-1.example:65535': ['A-B.C', 'host-1.example', 65_535],
  }
  for (const [text, [name, host, port]] of Object.entries(legal)) {
    it(`reads ${text}`, () => expect(parseEndpoint(text)).toEqual({ name, host, port }))
  }

  for (const text of [
    '9092',
    'localhost:9092',
    'PLAINTEXT://host',
    'PLAINTEXT://host:65536',
    'PLAINTEXT://::1:9092',
    '://h:1',
    'P://h:-1',
    'P://h:1x',
  ]) {
    it(`refuses ${text}`, () => expect(parseEndpoint(text)).toBeUndefined())
  }

  it('is written back with brackets around IPv6 only', () => {
    expect([formatHost('::1'), formatHost('127.0.0.1')]).toEqual(['[::1]', '127.0.0.1'])
  })
})

describe('listeners', () => {
  it('are on loopback by default, advertised as themselves', () => {
    expect(brokerConfig({}).listeners).toMatchObject([
      { host: '127.0.0.1', port: 9092, isWildcard: false, advertisedHost: '127.0.0.1', advertisedPort: undefined },
    ])
  })

  it('advertise the host name for a wildcard, and what advertised.listeners says by name', () => {
    const { listeners } = brokerConfig({
      listeners: 'PLAINTEXT://0.0.0.0:9092,OUT://[::1]:9093',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUT:PLAINTEXT',
      'advertised.listeners': 'OUT://broker.example:19093',
    })
    expect(listeners[0]).toMatchObject({ isWildcard: true, advertisedHost: hostname(), advertisedPort: undefined })
    expect(listeners[1]).toMatchObject({ host: '::1', advertisedHost: 'broker.example', advertisedPort: 19093 })
  })

  const refused: Record<string, [values: Record<string, string>, why: RegExp]> = {
    'a malformed entry': [{ listeners: '127.0.0.1:9092' }, /NAME:\/\/host:port/],
    TLS: [{ listeners: 'SSL://127.0.0.1:9092' }, /PLAINTEXT only, not SSL/],
    'a name without a protocol': [{ listeners: 'OUT://127.0.0.1:9092' }, /Add OUT:PLAINTEXT/],
    'a name twice': [{ listeners: 'PLAINTEXT://:1,PLAINTEXT://:2' }, /name is used twice/],
    'an address twice': [
      { listeners: 'PLAINTEXT://:1,B://:1', 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,B:PLAINTEXT' },
      /address is used twice/,
    ],
    'an advertised wildcard': [{ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }, /clients cannot connect/],
    'an advertised name that is not bound': [{ 'advertised.listeners': 'B://h:1' }, /no listener of that name/],
    'only controller listeners': [
      { listeners: 'CONTROLLER://:9093', 'controller.listener.names': 'CONTROLLER' },
      /no listener for clients/,
    ],
    'a malformed protocol map': [{ 'listener.security.protocol.map': 'A' }, /NAME:PROTOCOL/],
  }
  for (const [name, [values, why]] of Object.entries(refused)) {
    it(`refuse ${name}`, () => expect(() => brokerConfig(values)).toThrow(why))
  }
})
