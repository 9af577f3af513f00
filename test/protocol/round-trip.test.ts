import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyField, Fields } from '../../src/protocol/field.ts'
import { decode, encode, type Message, Reader, Writer } from '../../src/protocol/index.ts'
import { allMessages, allVersions } from './all-messages.ts'
import { structArbitrary } from './message-arbitrary.ts'
import { valueFromJson, withRecords } from './message-values.ts'

const RUNS_PER_VERSION = 10

describe.each(allMessages.map((message) => [message.name, message] as const))('%s', (_, message) => {
  const versions = allVersions.filter(([name]) => name === message.name)

  test('what is encoded decodes to itself, in every version', () => {
    const reader = new Reader()
    const writer = new Writer(1)
    for (const [, version] of versions) {
      const property = fc.property(structArbitrary(message.fields, version), (value) => {
        writer.clear()
        encode(message, writer, version, value)
        reader.reset(writer.bytes, 0, writer.position)
        const decoded = decode(message, reader, version)
        expect(reader.position).toBe(writer.position)
        expect(withRecords(message.fields, decoded, writer.bytes)).toEqual(value)
      })
      fc.assert(property, { numRuns: RUNS_PER_VERSION })
    }
  })
})

describe('a value that the version cannot carry', () => {
  const absences = allVersions.flatMap(([name, version, message]) =>
    absentFields(message, version).map(([key, field]) => [name, version, message, key, field] as const),
  )

  test('is refused unless its field is ignorable', () => {
    const writer = new Writer()
    let refused = 0
    for (const [, version, message, key, field] of absences) {
      const value = { ...valueFromJson(message.fields, {}), [key]: otherThanDefault(field) }
      writer.clear()
      const attempt = (): void => encode(message, writer, version, value)
      if (field.isIgnorable) {
        expect(attempt).not.toThrow()
      } else {
        refused++
        expect(attempt).toThrow(`${key} is not in version ${version}`)
      }
    }
    expect(refused).toBeGreaterThan(50)
  })
})

function absentFields(message: Message<unknown>, version: number): (readonly [string, AnyField])[] {
  return Object.entries(message.fields).filter(
    ([, field]) => version < field.firstVersion || version > field.lastVersion,
  )
}

function otherThanDefault(field: AnyField): unknown {
  const { type } = field
  switch (type.kind) {
    case 'array':
      return [otherThanDefault(type.element)]
    case 'struct':
      return structOfOthers(type.fields)
    case 'bool':
      return field.defaultValue !== true
    case 'string':
      return 'other'
    case 'uuid':
      return 'dGhpcy1pcy1hLXV1aWQtMQ'
    case 'bytes':
    case 'records':
      return Buffer.from('other')
    case 'int64Exact':
      return 5n
    default:
      return 5
  }
}

function structOfOthers(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, otherThanDefault(field)]))
}
