/**
 * Random values for a message of Apache Kafka, made from Kafka's own schema of it: null, empty, extreme and ordinary
 * ones. The same seed makes the same values. int64 stays within ±2^53 except where the default itself lies beyond.
 */
import { fieldName, fieldsOf, includes, versionRange } from './kafka-jars.mjs'

const CHANCE_OF_NULL = 0.25
const CHANCE_OF_DEFAULT = 0.4
const ELEMENTS_MAX = 2
const LONG_TEXT = 200
const WORDS = ['a', 'topic', 'consumer-group.1', 'größe', '主题', '🦀', 'x y', '__consumer_offsets', '0123456789abcdef']

/** A function that returns the next number of [0, 1), by mulberry32. */
export function randomNumbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A value for `schema` at `version`, holding the fields of that version and no others. */
export function randomValue(schema, version, random) {
  const context = { schema, version, random, uniqueKeys: { next: 1 } }
  return structValue(context, schema.fields)
}

function structValue(context, fields) {
  const present = fields.filter((field) => includes(versionRange(field.versions), context.version))
  const entries = present.map((field) => [fieldName(field), fieldValue(context, field)])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** undefined leaves a tagged field out, so that it takes its default. */
function fieldValue(context, field) {
  const { random, version } = context
  const isTagged = includes(versionRange(field.taggedVersions), version)
  if (isTagged && random() < CHANCE_OF_DEFAULT) return undefined
  const isNullable = includes(versionRange(field.nullableVersions), version)
  if (isNullable && random() < CHANCE_OF_NULL) return null
  if (!field.type.startsWith('[]')) return elementValue(context, field, field.type)
  const length = Math.floor(random() * (ELEMENTS_MAX + 1))
  return Array.from({ length }, () => elementValue(context, field, field.type.slice(2)))
}

function elementValue(context, field, type) {
  if (/^[A-Z]/.test(type)) return structValue(context, fieldsOf(context.schema, { ...field, type }))
  if (field.mapKey && type !== 'uuid') return uniqueValue(context, type)
  return scalarValue(context.random, type, field)
}

/** Kafka keeps such elements in a map: equal keys would swallow one another. */
function uniqueValue({ uniqueKeys }, type) {
  const next = uniqueKeys.next++
  return type === 'string' ? `key-${next}` : next
}

function scalarValue(random, type, field) {
  switch (type) {
    case 'bool':
      return random() < 0.5
    case 'string':
      return text(random)
    case 'uuid':
      return randomBytes(random, 16).toString('base64url')
    case 'bytes':
    case 'records':
      return randomBytes(random, Math.floor(random() * 40)).toString('base64')
    case 'float64':
      return random() * 1000 - 500
    default:
      return integer(random, type, field)
  }
}

function text(random) {
  const kind = random()
  if (kind < 0.1) return ''
  const word = WORDS[Math.floor(random() * WORDS.length)]
  return kind > 0.97 ? word.repeat(LONG_TEXT / word.length + 1) : `${word}${Math.floor(random() * 100)}`
}

function randomBytes(random, byteLength) {
  return Buffer.from(Array.from({ length: byteLength }, () => Math.floor(random() * 256)))
}

const INTEGER_LIMITS = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
}

function integer(random, type, field) {
  const isExact = type === 'int64' && Math.abs(Number(field.default ?? 0)) > Number.MAX_SAFE_INTEGER
  const [least, most] = INTEGER_LIMITS[type]
  const kind = random()
  if (isExact) return kind < 0.5 ? 2n ** 63n - 2n : -(2n ** 63n)
  if (kind < 0.1) return least
  if (kind < 0.2) return most
  if (kind < 0.6) return Math.max(least, Math.floor(random() * 12) - 1)
  return Math.floor(least + random() * (most - least))
}
