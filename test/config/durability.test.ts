import { describe, expect, it } from 'vitest'
import { brokerConfig, loadBrokerConfig, resolveDurability } from '../../src/config/index.ts'
import { parseProperties } from '../../src/config/server-properties.ts'

const MAXIMUM = '9223372036854775807'
const NEVER = Number.POSITIVE_INFINITY

type Values = Record<string, string>
type Expected = [durability: string, flushMs: number, flushMessages: number]

function resolve(broker: Values, topic: Values): Expected {
  const setting = resolveDurability(new Map(Object.entries(topic)), brokerConfig(broker))
  return [setting.durability, setting.flushMs, setting.flushMessages]
}

const always: Expected = ['always', NEVER, NEVER]
const os: Expected = ['os', NEVER, NEVER]

describe('the durability policy of a topic', () => {
  const cases: [name: string, broker: Values, topic: Values, expected: Expected][] = [
    ['nothing set is always', {}, {}, always],
    ['broker os', { durability: 'os' }, {}, os],
    ['broker interval, no flush.ms anywhere', { durability: 'interval' }, {}, ['interval', 1000, NEVER]],
    [
      'broker interval with its own flush.ms',
      { durability: 'interval', 'log.flush.interval.ms': '50' },
      {},
      ['interval', 50, NEVER],
    ],
    ['durability beats flush.* at broker level', { durability: 'always', 'log.flush.interval.ms': '50' }, {}, always],
    ['broker flush.messages=1', { 'log.flush.interval.messages': '1' }, {}, always],
    ['broker flush.ms', { 'log.flush.interval.ms': '200' }, {}, ['interval', 200, NEVER]],
    ['broker scheduler interval stands in', { 'log.flush.scheduler.interval.ms': '300' }, {}, ['interval', 300, NEVER]],
    ['broker flush.messages=N', { 'log.flush.interval.messages': '500' }, {}, ['os', NEVER, 500]],
    [
      'broker flush.ms and flush.messages',
      { 'log.flush.interval.messages': '500', 'log.flush.interval.ms': '9' },
      {},
      ['interval', 9, 500],
    ],
    [
      "Kafka's defaults written out at broker level keep always",
      { 'log.flush.interval.messages': MAXIMUM, 'log.flush.interval.ms': MAXIMUM },
      {},
      always,
    ],
    ['topic flush.messages=1 over broker os', { durability: 'os' }, { 'flush.messages': '1' }, always],
    ['topic flush.ms=0', { durability: 'os' }, { 'flush.ms': '0' }, always],
    ['topic flush.ms over broker always', { durability: 'always' }, { 'flush.ms': '20' }, ['interval', 20, NEVER]],
    [
      'topic flush.ms over broker flush.messages=1',
      { 'log.flush.interval.messages': '1' },
      { 'flush.ms': '20' },
      ['interval', 20, NEVER],
    ],
    ['topic flush.messages=N', {}, { 'flush.messages': '7' }, ['os', NEVER, 7]],
    ['topic flush.messages=maximum', {}, { 'flush.messages': MAXIMUM }, os],
    ['topic flush.ms=maximum', {}, { 'flush.ms': MAXIMUM }, os],
    [
      'topic maximum of one, a number for the other',
      {},
      { 'flush.messages': MAXIMUM, 'flush.ms': '20' },
      ['interval', 20, NEVER],
    ],
    ['topic durability beats its flush.*', {}, { durability: 'os', 'flush.messages': '1' }, os],
    [
      'topic durability over everything of the broker',
      { durability: 'os', 'log.flush.interval.ms': '5' },
      { durability: 'always' },
      always,
    ],
    [
      'topic interval takes the flush.ms of the broker',
      { 'log.flush.interval.ms': '70' },
      { durability: 'interval' },
      ['interval', 70, NEVER],
    ],
    [
      'topic interval prefers its own flush.ms',
      { 'log.flush.interval.ms': '70' },
      { durability: 'interval', 'flush.ms': '30' },
      ['interval', 30, NEVER],
    ],
  ]
  for (const [name, broker, topic, expected] of cases) {
    it(name, () => expect(resolve(broker, topic)).toEqual(expected))
  }

  it('lets dynamic levels win over the start, the broker over the cluster default', () => {
    const config = brokerConfig({ durability: 'os' })
    const policy = () => resolveDurability(new Map(), config).durability
    config.setDynamic({ broker: new Map(), clusterDefault: new Map([['log.flush.interval.messages', '1']]) })
    expect(policy()).toBe('always')
    config.setDynamic({
      broker: new Map([['log.flush.interval.ms', '10']]),
      clusterDefault: new Map([['log.flush.interval.messages', '1']]),
    })
    expect(policy()).toBe('interval')
  })

  it('names the setting that decided', () => {
    const { config } = loadBrokerConfig({
      file: { path: 'server.properties', entries: parseProperties('\nlog.flush.interval.ms=1000') },
    })
    expect(resolveDurability(new Map(), config).origin).toBe('server.properties line 2')
    expect(resolveDurability(new Map([['flush.messages', '1']]), config).origin).toBe('topic config flush.messages=1')
    expect(resolveDurability(new Map(), brokerConfig({})).origin).toBe('default')
  })
})
