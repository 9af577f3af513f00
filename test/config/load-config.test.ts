import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { brokerConfig, ConfigError, loadBrokerConfig } from '../../src/config/index.ts'
import { parseProperties } from '../../src/config/server-properties.ts'

function fileOf(text: string) {
  return { path: 'server.properties', entries: parseProperties(text) }
}

function problemsOf(values: Record<string, string>): string {
  try {
    brokerConfig(values)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error instanceof ConfigError ? error.message : ''
  }
  return ''
}

/** The file that Apache Kafka ships for one node, its values only. */
const kafkaDefaultFile = `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`

describe('loading', () => {
  it('takes flags over environment over file over defaults, and says where each came from', () => {
    const { config } = loadBrokerConfig({
      file: fileOf('num.partitions=2\nlog.retention.hours=1\nlog.segment.bytes=2000000'),
      environment: { KAFKA_NUM_PARTITIONS: '3', KAFKA_LOG_RETENTION_HOURS: '2', HOME: '/nobody' },
      flags: [{ name: 'num.partitions', value: '4', flag: '-X num.partitions' }],
    })
    expect(config.number('num.partitions')).toBe(4)
    expect(config.setting('num.partitions').detail).toBe('flag -X num.partitions')
    expect(config.number('log.retention.hours')).toBe(2)
    expect(config.origin('log.retention.hours')).toBe('environment')
    expect(config.setting('log.segment.bytes').detail).toBe('server.properties line 3')
    expect(config.origin('message.max.bytes')).toBe('default')
  })

  it('maps variables as the official image does', () => {
    const { config, unknown } = loadBrokerConfig({
      environment: {
        KAFKA_LISTENERS: 'PLAINTEXT://127.0.0.1:0',
        KAFKA_SLUICE_VALIDATE_RECORDS: 'full',
        KAFKA_SOME__KEY___NAME: 'x',
        KAFKA_HEAP_OPTS: '-Xmx1g',
      },
    })
    expect(config.listeners[0]?.port).toBe(0)
    expect(config.string('sluice.validate.records')).toBe('full')
    expect(unknown.join()).toMatch(/^some_key-name \(environment variable KAFKA_SOME__KEY___NAME/)
  })

  it('reads the file that Kafka ships, unchanged', () => {
    const { config, unknown } = loadBrokerConfig({ file: fileOf(kafkaDefaultFile) })
    expect(unknown).toEqual([])
    expect(config.logDirectory).toBe('/tmp/kraft-combined-logs')
    expect(config.listeners).toEqual([
      {
        name: 'PLAINTEXT',
        host: '::',
        port: 9092,
        securityProtocol: 'PLAINTEXT',
        isWildcard: true,
        advertisedHost: 'localhost',
        advertisedPort: 9092,
      },
    ])
  })

  it('lists unknown keys with what was probably meant, and keys of Kafka that change nothing', () => {
    const { unknown, withoutEffect } = loadBrokerConfig({
      file: fileOf('log.retention.hour=1\nretention.ms=5\nqqqqqqqqqqq=1\nzookeeper.connect=x\nnum.io.threads=4'),
    })
    expect(unknown[0]).toContain('did you mean log.retention.hours?')
    expect(unknown[1]).toContain('for all topics it is log.retention.ms')
    expect(unknown[2]).toBe('qqqqqqqqqqq (server.properties line 3)')
    expect(withoutEffect).toEqual(['zookeeper.connect', 'num.io.threads'])
  })

  it('forces replication factors to 1 and says so', () => {
    const { config, notes } = loadBrokerConfig({
      file: fileOf('default.replication.factor=3\noffsets.topic.replication.factor=1\ntransaction.state.log.min.isr=2'),
    })
    expect(config.number('default.replication.factor')).toBe(1)
    expect(config.number('transaction.state.log.min.isr')).toBe(1)
    expect(notes).toHaveLength(2)
    expect(notes[0]).toContain('default.replication.factor=3 (server.properties line 1) is 1')
  })

  it('reports every wrong value at once: what, why and the fix', () => {
    const message = problemsOf({ 'num.partitions': '0', 'log.dirs': '/a,/b', durability: 'sometimes' })
    expect(message).toMatch(/num\.partitions="0" .*must be at least 1.*default 1/)
    expect(message).toMatch(/durability="sometimes".*one of always, interval, os/)
    expect(problemsOf({ 'log.dirs': '/a,/b' })).toMatch(/one directory/)
  })

  const refused: Record<string, [values: Record<string, string>, why: RegExp]> = {
    'a number beyond its type': [{ 'num.partitions': '2147483648' }, /between -2147483648 and 2147483647/],
    'a fraction': [{ 'num.partitions': '1.5' }, /whole number/],
    'a word for a boolean': [{ 'log.preallocate': 'yes' }, /true or false/],
    'an empty list element': [{ listeners: 'PLAINTEXT://:1,' }, /empty elements/],
    'a memory budget below one request': [{ 'queued.max.request.bytes': '1000' }, /would never fit/],
    'two node ids': [{ 'node.id': '1', 'broker.id': '2' }, /two names of one number/],
    'an empty directory': [{ 'log.dirs': '' }, /data directory is empty/],
    'an unknown key from code': [{ 'log.dir.s': 'x' }, /no such broker config/],
  }
  for (const [name, [values, why]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => expect(problemsOf(values)).toMatch(why))
  }
})

describe('BrokerConfig', () => {
  it('resolves the data directory, the node id and the memory budget', () => {
    expect(brokerConfig({ 'log.dir': 'x' }).logDirectory).toBe(path.resolve('x'))
    expect(brokerConfig({ 'log.dir': 'x', 'log.dirs': '/y' }).logDirectory).toBe('/y')
    expect(brokerConfig({ 'broker.id': 7 }).nodeId).toBe(7)
    expect(brokerConfig({}).nodeId).toBe(1)
    expect(brokerConfig({ 'queued.max.request.bytes': -1 }).queuedRequestBytesMax).toBe(268_435_456)
  })

  it('puts dynamic settings over static ones, the broker over the cluster default, and forgets them', () => {
    const config = brokerConfig({ 'message.max.bytes': 1000 })
    expect(config.number('message.max.bytes')).toBe(1000)
    const clusterDefault = new Map([
      ['message.max.bytes', '2000'],
      ['gone.in.this.version', '1'],
    ])
    config.setDynamic({ broker: new Map(), clusterDefault })
    expect(config.number('message.max.bytes')).toBe(2000)
    config.setDynamic({ broker: new Map([['message.max.bytes', '3000']]), clusterDefault })
    expect([config.number('message.max.bytes'), config.origin('message.max.bytes')]).toEqual([3000, 'dynamic-broker'])
    config.setDynamic({ broker: new Map(), clusterDefault: new Map() })
    expect(config.number('message.max.bytes')).toBe(1000)
  })
})
