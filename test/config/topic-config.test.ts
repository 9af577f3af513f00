import { describe, expect, it } from 'vitest'
import {
  brokerConfig,
  brokerConfigProblem,
  describeBroker,
  describeTopic,
  explainConfig,
  topicConfig,
  topicConfigProblem,
  topicOverridesProblem,
} from '../../src/config/index.ts'
import type { LogConfig } from '../../src/log/partition-log.ts'

const none = new Map<string, string>()

describe('topic settings', () => {
  it("are Kafka's defaults when nothing is set, and fit the log", () => {
    const log: LogConfig = topicConfig(none, brokerConfig({}))
    expect(log).toMatchObject({
      segmentBytes: 1_073_741_824,
      segmentMs: 604_800_000,
      segmentJitterMs: 0,
      segmentIndexBytes: 10_485_760,
      indexIntervalBytes: 4096,
      retentionMs: 604_800_000,
      retentionBytes: -1,
      cleanupDelete: true,
      cleanupCompact: false,
      fileDeleteDelayMs: 60_000,
      producerIdExpirationMs: 86_400_000,
      preallocate: false,
    })
  })

  it('take the override, else the first broker synonym that is set, in its unit', () => {
    const retention = (values: Record<string, number>, overrides = none) =>
      topicConfig(overrides, brokerConfig(values)).retentionMs
    expect(retention({ 'log.retention.hours': 2 })).toBe(7_200_000)
    expect(retention({ 'log.retention.hours': 2, 'log.retention.minutes': 3 })).toBe(180_000)
    expect(retention({ 'log.retention.hours': 2, 'log.retention.minutes': 3, 'log.retention.ms': 4 })).toBe(4)
    expect(retention({ 'log.retention.minutes': -1 })).toBe(-1)
    expect(retention({ 'log.retention.ms': 4 }, new Map([['retention.ms', '5']]))).toBe(5)
    expect(topicConfig(none, brokerConfig({ 'log.roll.hours': 1 })).segmentMs).toBe(3_600_000)
  })

  it('read lists, and limits beyond 2^53 as none', () => {
    const settings = topicConfig(new Map([['cleanup.policy', 'compact, delete']]), brokerConfig({}))
    expect([settings.cleanupCompact, settings.cleanupDelete]).toEqual([true, true])
    expect(settings.timestampBeforeMaxMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('validation of changes', () => {
  it.each([
    ['retention.ms', '-2', /at least -1/],
    ['segment.bytes', '1048575', /at least 1048576/],
    ['cleanup.policy', 'shrink', /any of compact, delete/],
    ['cleanup.policy', '', /not be empty/],
    ['min.cleanable.dirty.ratio', '1.1', /0 to 1/],
    ['preallocate', '1', /true or false/],
    ['durability', 'never', /always, interval, os/],
    ['retention.minutes', '1', /Unknown topic config name/],
    ['log.retention.ms', '1', /it is a broker config/],
    ['retention.ms', null, /missing/],
  ])('refuses topic %s=%s', (name, text, why) => expect(topicConfigProblem(name, text)).toMatch(why))

  it.each([
    ['retention.ms', '-1'],
    ['flush.messages', '9223372036854775807'],
    ['compression.gzip.level', '-1'],
    ['preallocate', 'TRUE'],
    ['durability', 'os'],
  ])('accepts topic %s=%s', (name, text) => expect(topicConfigProblem(name, text)).toBeUndefined())

  it('refuses overrides that do not fit together', () => {
    const overrides = new Map([
      ['min.compaction.lag.ms', '10'],
      ['max.compaction.lag.ms', '5'],
    ])
    expect(topicOverridesProblem(overrides, brokerConfig({}))).toMatch(/must not exceed/)
    expect(topicOverridesProblem(new Map([['remote.storage.enable', 'true']]), brokerConfig({}))).toMatch(/tiered/)
    expect(topicOverridesProblem(none, brokerConfig({}))).toBeUndefined()
  })

  it('allows only dynamic broker configs to change', () => {
    expect(brokerConfigProblem('log.dirs', '/x', false)).toMatch(/cannot be changed while the broker runs/)
    expect(brokerConfigProblem('ssl.keystore.type', 'PEM', true)).toMatch(/only be changed for one broker/)
    expect(brokerConfigProblem('message.max.bytes', '-1', true)).toMatch(/at least 0/)
    expect(brokerConfigProblem('nothing', '1', true)).toMatch(/Unknown broker config name/)
    expect(brokerConfigProblem('message.max.bytes', '1000', true)).toBeUndefined()
  })
})

describe('describing', () => {
  it('shows a topic override first and what it hides behind it', () => {
    const [entry] = describeTopic(new Map([['retention.ms', '5']]), brokerConfig({ 'log.retention.ms': 4 }), [
      'retention.ms',
      'unknown',
    ])
    expect(entry).toMatchObject({ name: 'retention.ms', value: '5', source: 1, type: 5, readOnly: false })
    expect(entry?.synonyms).toEqual([
      { name: 'retention.ms', value: '5', source: 1 },
      { name: 'log.retention.ms', value: '4', source: 4 },
      { name: 'log.retention.hours', value: '168', source: 5 },
    ])
  })

  it('shows an inherited value in the unit of the topic key', () => {
    const [entry] = describeTopic(none, brokerConfig({ 'log.retention.hours': 1 }), ['retention.ms'])
    expect(entry).toMatchObject({ value: '3600000', source: 4 })
  })

  it('shows the policy that holds as durability', () => {
    const [entry] = describeTopic(new Map([['flush.ms', '5']]), brokerConfig({}), ['durability'])
    expect(entry).toMatchObject({ value: 'interval' })
  })

  it('never shows a password', () => {
    const config = brokerConfig({ 'ssl.keystore.password': 'secret' })
    const [entry] = describeBroker(config, ['ssl.keystore.password'])
    expect(entry).toMatchObject({ value: null, isSensitive: true, type: 9, source: 4 })
    expect(JSON.stringify([entry, explainConfig('ssl.keystore.password', config)])).not.toContain('secret')
  })

  it('lists everything when no names are given', () => {
    expect(describeTopic(none, brokerConfig({}), null).length).toBeGreaterThan(30)
    expect(describeBroker(brokerConfig({}), null).length).toBeGreaterThan(150)
  })

  it('explains a name in each of its scopes', () => {
    const explanations = explainConfig('min.insync.replicas', brokerConfig({ 'min.insync.replicas': 1 }))
    expect(explanations.map(({ scope, origin }) => [scope, origin])).toEqual([
      ['broker', 'flag min.insync.replicas'],
      ['topic', 'flag min.insync.replicas'],
    ])
    expect(explainConfig('no.such.key', brokerConfig({}))).toEqual([])
  })
})
