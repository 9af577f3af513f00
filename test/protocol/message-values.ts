import type { AnyField, Fields, RecordsView } from '../../src/protocol/field.ts'

/** The value that a JSON rendering of Kafka's stands for: absent fields take their default, base64 becomes bytes. */
export function valueFromJson(fields: Fields, json: unknown): Record<string, unknown> {
  const source = record(json)
  for (const key of Object.keys(source)) {
    if (!Object.hasOwn(fields, key)) throw new Error(`the schema lacks ${key}`)
  }
  const entries = Object.entries(fields).map(([key, field]) => [
    key,
    Object.hasOwn(source, key) ? fieldFromJson(field, source[key]) : defaultOf(field),
  ])
  return Object.fromEntries(entries)
}

function fieldFromJson(field: AnyField, json: unknown): unknown {
  if (json === null) return null
  const { type } = field
  switch (type.kind) {
    case 'array':
      return list(json).map((element) => fieldFromJson(type.element, element))
    case 'struct':
      return valueFromJson(type.fields, json)
    case 'bytes':
    case 'records':
      return Buffer.from(String(json), 'base64')
    case 'int64Exact':
      return BigInt(String(json))
    default:
      return json
  }
}

/** What a field is where it is absent. */
export function defaultOf(field: AnyField): unknown {
  if (field.defaultValue !== undefined) return field.defaultValue
  if (field.type.kind === 'array') return []
  return field.type.kind === 'struct' ? valueFromJson(field.type.fields, {}) : Buffer.alloc(0)
}

/** A decoded value with its views on `bytes` replaced by buffers of their own, fit to be encoded and compared. */
export function withRecords(fields: Fields, value: unknown, bytes: Buffer): Record<string, unknown> {
  const source = record(value)
  const entries = Object.entries(fields).map(([key, field]) => [key, fieldWithRecords(field, source[key], bytes)])
  return Object.fromEntries(entries)
}

function fieldWithRecords(field: AnyField, value: unknown, bytes: Buffer): unknown {
  if (value === null) return null
  const { type } = field
  switch (type.kind) {
    case 'array':
      return list(value).map((element) => fieldWithRecords(type.element, element, bytes))
    case 'struct':
      return withRecords(type.fields, value, bytes)
    case 'bytes':
      return Buffer.from(value instanceof Buffer ? value : [])
    case 'records':
      return isView(value) ? Buffer.from(bytes.subarray(value.start, value.start + value.byteLength)) : value
    default:
      return value
  }
}

function isView(value: unknown): value is RecordsView {
  return typeof value === 'object' && value !== null && 'start' in value
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`no object: ${String(value)}`)
  return { ...value }
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`no list: ${String(value)}`)
  return value
}
