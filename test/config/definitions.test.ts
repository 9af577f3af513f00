import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { legalValues } from '../../src/config/config-value.ts'
import { typeName } from '../../src/config/explain.ts'
import {
  brokerDefinitions,
  type ConfigDefinition,
  ConfigEffect,
  ConfigUpdate,
  topicDefinitions,
} from '../../src/config/index.ts'
import { isKafkaName } from '../../src/config/kafka-names.ts'

/** What Apache Kafka 4.3.1 prints about its own configurations (scripts/compat/java/DumpConfigs.java). */
type Row = [
  set: string,
  name: string,
  type: string,
  value: string | null,
  validator: string | null,
  extra: string | null,
]
const rows: Row[] = JSON.parse(readFileSync(new URL('./kafka-4.3.1-configs.json', import.meta.url), 'utf8'))

/** Where we differ on purpose; the reason is in the documentation of the key. */
const otherDefaults: Readonly<Record<string, string | null>> = {
  'controller.listener.names': null,
  'log.dir': './sluice-data',
  listeners: 'PLAINTEXT://127.0.0.1:9092',
  'node.id': '1',
  'offsets.topic.replication.factor': '1',
  'process.roles': 'broker,controller',
  'queued.max.request.bytes': '268435456',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'socket.receive.buffer.bytes': '-1',
  'socket.send.buffer.bytes': '-1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.replication.factor': '1',
}
const changedAtStartOnly = ['listeners', 'listener.security.protocol.map']

function definitionOf(set: string, name: string): ConfigDefinition | undefined {
  const table: Readonly<Record<string, ConfigDefinition>> = set === 'topic' ? topicDefinitions : brokerDefinitions
  return table[name]
}

function rangeInKafkaWords(definition: ConfigDefinition): string | undefined {
  const { minimum, maximum, oneOf, alsoLegal } = definition
  if (oneOf !== undefined) return `[${oneOf.join(', ')}]`
  if (minimum === undefined) return undefined
  const also = alsoLegal === undefined ? '' : ` or ${alsoLegal}`
  return maximum === undefined ? `[${minimum},...]` : `[${minimum},...,${maximum}]${also}`
}

describe('the configuration table against Apache Kafka 4.3.1', () => {
  it('knows every topic config', () => {
    const kafka = rows.filter(([set]) => set === 'topic').map(([, name]) => name)
    expect(
      Object.keys(topicDefinitions)
        .filter((name) => name !== 'durability')
        .sort(),
    ).toEqual(kafka.sort())
  })

  it('knows or recognises every broker config', () => {
    const missing = rows.filter(([set, name]) => set === 'broker' && !definitionOf(set, name) && !isKafkaName(name))
    expect(missing).toEqual([])
  })

  for (const [set, name, type, value, validator, extra] of rows) {
    const definition = definitionOf(set, name)
    if (definition === undefined) continue
    it(`${set} ${name}: type, default, legal values and update mode`, () => {
      expect(typeName(definition.type)).toBe(type.toLowerCase())
      if (definition.effect !== ConfigEffect.fixed || otherDefaults[name] !== undefined) {
        const expected = set === 'broker' && name in otherDefaults ? otherDefaults[name] : value
        // 32-bit limits are implied by the type.
        expect(definition.defaultText).toBe(expected)
      }
      const range = rangeInKafkaWords(definition)
      if (range !== undefined && definition.effect !== ConfigEffect.fixed) {
        expect((validator ?? '').replace('(case insensitive) ', ''), legalValues(definition)).toContain(range)
      } else if (definition.effect !== ConfigEffect.fixed && validator !== null) {
        expect(validator, 'a range that our table lacks').not.toMatch(/^\[-?\d/)
      }
      if (set !== 'broker' || changedAtStartOnly.includes(name)) return
      expect(definition.update).toBe(extra ?? ConfigUpdate.readOnly)
    })
  }

  it('gives every topic config the synonyms that Kafka gives it, in order', () => {
    const ours = Object.entries(topicDefinitions).map(([name, { synonyms }]) => [
      name,
      synonyms.map((synonym) => synonym.name).join(' '),
    ])
    const kafka = rows.filter(([set]) => set === 'topic').map(([, name, , , , extra]) => [name, extra ?? ''])
    expect(Object.fromEntries(ours)).toEqual({ ...Object.fromEntries(kafka), durability: 'durability' })
  })

  it('documents every key in a sentence', () => {
    for (const definition of [...Object.values(brokerDefinitions), ...Object.values(topicDefinitions)]) {
      expect(definition.documentation).toMatch(/^[A-Z].*\.$/)
    }
  })
})
