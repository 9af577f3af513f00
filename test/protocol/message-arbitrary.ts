import fc from 'fast-check'
import type { AnyField, Fields } from '../../src/protocol/field.ts'
import { defaultOf } from './message-values.ts'

const INTEGERS = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int64Clamped: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const

/** Any value that `version` can carry: fields it lacks are at their default. */
export function structArbitrary(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([key, field]) => [key, fieldArbitrary(field, version)])
  return fc.record(Object.fromEntries(entries), { noNullPrototype: true })
}

function fieldArbitrary(field: AnyField, version: number): fc.Arbitrary<unknown> {
  if (version < field.firstVersion || version > field.lastVersion) return fc.constant(defaultOf(field))
  const value = typeArbitrary(field, version)
  return version >= field.nullableSince ? fc.option(value, { nil: null, freq: 4 }) : value
}

function typeArbitrary(field: AnyField, version: number): fc.Arbitrary<unknown> {
  const { type } = field
  switch (type.kind) {
    case 'array':
      return fc.array(typeArbitrary(type.element, version), { maxLength: 3 })
    case 'struct':
      return structArbitrary(type.fields, version)
    case 'bool':
      return fc.boolean()
    case 'string':
      return fc.oneof(
        { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
        { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
        { weight: 1, arbitrary: fc.constantFrom('é'.repeat(64), 'x'.repeat(127), 'x'.repeat(300)) },
      )
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 150 }).map((bytes) => Buffer.from(bytes))
    case 'float64':
      return fc.double()
    case 'int64Exact':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    default: {
      const [min, max] = INTEGERS[type.kind]
      return fc.oneof(fc.integer({ min, max }), fc.constant(min), fc.constant(max))
    }
  }
}
