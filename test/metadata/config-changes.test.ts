import { describe, expect, it } from 'vitest'
import {
  type ConfigChange,
  ConfigOperation,
  ConfigResourceType,
  changeConfigs,
  replaceConfigs,
} from '../../src/metadata/index.ts'
import { ErrorCode } from '../../src/protocol/index.ts'
import { lenientRules } from './builders.ts'

const topic = { type: ConfigResourceType.topic, name: 't' }
const broker = { type: ConfigResourceType.broker, name: '1' }
const current = new Map([
  ['k', '1'],
  ['other', '2'],
])
const { set, delete: remove, append, subtract } = ConfigOperation

function change(name: string, operation: ConfigOperation, value: string | null = null): ConfigChange {
  return { name, operation, value }
}

function written(outcome: ReturnType<typeof changeConfigs>): [string, string | null][] {
  if ('error' in outcome) throw new Error(`refused: ${outcome.error.message}`)
  return outcome.records.map((record) => {
    if (!('resourceName' in record.value)) throw new Error('not a config record')
    return [record.value.name, record.value.value]
  })
}

describe('incremental changes', () => {
  it.each<[string, ConfigChange[], [string, string | null][]]>([
    ['set', [change('k', set, '9')], [['k', '9']]],
    ['set what is set', [change('k', set, '1')], []],
    ['delete', [change('k', remove)], [['k', null]]],
    ['delete what is not set', [change('x', remove)], []],
    ['append to a default', [change('list', append, 'c')], [['list', 'a,b,c']]],
    ['append what is there', [change('list', append, 'b, c ,c')], [['list', 'a,b,c']]],
    ['subtract from a default', [change('list', subtract, 'a')], [['list', 'b']]],
    ['subtract everything', [change('list', subtract, 'a,b')], [['list', '']]],
    [
      'several',
      [change('x', set, '3'), change('other', remove)],
      [
        ['x', '3'],
        ['other', null],
      ],
    ],
  ])('%s', (_name, changes, expected) => {
    expect(written(changeConfigs(topic, current, changes, lenientRules))).toEqual(expected)
  })

  it('append to an override, not to the default', () => {
    const overrides = new Map([['list', 'z']])
    expect(written(changeConfigs(topic, overrides, [change('list', append, 'a')], lenientRules))).toEqual([
      ['list', 'z,a'],
    ])
  })

  it('log an unchanged value of a broker again', () => {
    expect(written(changeConfigs(broker, current, [change('k', set, '1')], lenientRules))).toEqual([['k', '1']])
  })

  it('refuse APPEND and SUBTRACT for what is no list, and values against the rules', () => {
    for (const operation of [append, subtract]) {
      const outcome = changeConfigs(topic, current, [change('k', operation, '1')], lenientRules)
      expect(outcome).toMatchObject({ error: { code: ErrorCode.INVALID_CONFIG } })
    }
    const outcome = changeConfigs(topic, current, [change('bad', set, '1')], lenientRules)
    expect(outcome).toEqual({ error: { code: ErrorCode.INVALID_CONFIG, message: 'bad is bad' } })
  })
})

describe('replacement', () => {
  it('removes what is not named', () => {
    const wanted = new Map([
      ['k', '1'],
      ['x', '5'],
    ])
    expect(written(replaceConfigs(topic, current, wanted, lenientRules))).toEqual([
      ['x', '5'],
      ['other', null],
    ])
  })

  it('refuses values against the rules', () => {
    const outcome = replaceConfigs(topic, current, new Map([['bad', '']]), lenientRules)
    expect(outcome).toMatchObject({ error: { code: ErrorCode.INVALID_CONFIG } })
  })
})
