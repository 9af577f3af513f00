import { capitalised, constantDefault, type EmitContext, guarded, indent, primitiveCall } from './emit-names.ts'
import type { AnyField, Fields } from './field.ts'
import { atLeast, carries, narrow, type VersionRange } from './version-range.ts'

/**
 * Prints the decoder of a struct and of everything below it: functions of
 * (r: Reader, v: version) that return one object literal each. Fields that the
 * same versions carry share a guard. Returns the name of the struct's function.
 */
export function emitStructDecoder(context: EmitContext, path: string, fields: Fields, range: VersionRange): string {
  const name = `decode${path}`
  const entries = Object.entries(fields)
  const body = [
    ...plainFields(context, path, entries, range),
    ...tagSection(context, path, entries, range),
    `return { ${entries.map(([key]) => key).join(', ')} }`,
  ]
  context.functions.push([`function ${name}(r, v) {`, ...indent(body), '}'].join('\n'))
  return name
}

type Entry = readonly [string, AnyField]

function plainFields(context: EmitContext, path: string, entries: readonly Entry[], range: VersionRange): string[] {
  const lines: string[] = []
  const plain = entries.filter(([, field]) => field.tag < 0)
  for (let index = 0; index < plain.length; ) {
    const condition = carries(range, plain[index]![1])
    const group = [plain[index]!]
    while (++index < plain.length && carries(range, plain[index]![1]) === condition) group.push(plain[index]!)
    lines.push(...guardedGroup(context, path, group, { range, condition }))
  }
  return lines
}

function guardedGroup(
  context: EmitContext,
  path: string,
  group: readonly Entry[],
  where: { readonly range: VersionRange; readonly condition: boolean | string },
): string[] {
  const { range, condition } = where
  const read = ([key, field]: Entry): string =>
    `${key} = ${readExpression(context, path + capitalised(key), field, narrow(range, field))}`
  if (condition === true) return group.map((entry) => `const ${read(entry)}`)
  const defaults = group.map(
    ([key, field]) => `let ${key} = ${absentExpression(context, path + capitalised(key), field)}`,
  )
  return [...defaults, ...guarded(condition, condition === false ? [] : group.map(read))]
}

function tagSection(context: EmitContext, path: string, entries: readonly Entry[], range: VersionRange): string[] {
  const tagged = entries.filter(([, field]) => field.tag >= 0)
  const defaults = tagged.map(
    ([key, field]) => `let ${key} = ${absentExpression(context, path + capitalised(key), field)}`,
  )
  const flexible = atLeast(range, context.flexible)
  const known = tagged.filter(([, field]) => carries(range, field) !== false)
  if (known.length === 0) return [...defaults, ...guarded(flexible, ['r.skipTags()'])]
  const cases = known.flatMap(([key, field]) => [
    `case ${field.tag}:`,
    ...indent([
      ...guarded(carries(range, field), [
        `${key} = ${readExpression(context, path + capitalised(key), field, narrow(range, field))}`,
        'r.closeTag($end)',
      ]),
      'break',
    ]),
  ])
  const loop = [
    'for (let $left = r.uvarint(); $left > 0; $left--) {',
    ...indent(['const $tag = r.uvarint()', 'const $end = r.tagEnd()', 'switch ($tag) {']),
    ...indent(indent(cases)),
    ...indent(['}', 'r.position = $end']),
    '}',
  ]
  return [...defaults, ...guarded(flexible, loop)]
}

/** An expression that reads a field which the versions of `range` carry. */
function readExpression(context: EmitContext, path: string, field: AnyField, range: VersionRange): string {
  switch (field.type.kind) {
    case 'array':
      return `${emitArrayDecoder(context, path, field, range)}(r, v)`
    case 'struct': {
      const value = `${emitStructDecoder(context, path, field.type.fields, range)}(r, v)`
      const nullable = atLeast(range, field.nullableSince)
      if (nullable === false) return value
      const read = `r.int8() < 0 ? null : ${value}`
      return nullable === true ? `(${read})` : `(${nullable} && r.int8() < 0 ? null : ${value})`
    }
    default:
      return primitiveCall(context, range, field, (primitive) => `r.${primitive}()`)
  }
}

function emitArrayDecoder(context: EmitContext, path: string, field: AnyField, range: VersionRange): string {
  if (field.type.kind !== 'array') throw new TypeError(`${path} is no array`)
  const element = field.type.element
  const bytesMin = elementBytesMin(context, element, range)
  const length = primitiveCall(context, range, field, (primitive) => `r.${primitive}(${bytesMin})`)
  const body = [
    `const $count = ${length}`,
    ...(atLeast(range, field.nullableSince) === false ? [] : ['if ($count < 0) return null']),
    'const $items = []',
    `for (let $index = 0; $index < $count; $index++) $items.push(${readExpression(context, path, element, range)})`,
    'return $items',
  ]
  const name = `decode${path}List`
  context.functions.push([`function ${name}(r, v) {`, ...indent(body), '}'].join('\n'))
  return name
}

/** An expression for a field that the message at hand does not carry. */
function absentExpression(context: EmitContext, path: string, field: AnyField): string {
  const constant = constantDefault(field)
  if (constant !== undefined) return constant
  if (field.type.kind === 'array') return '[]'
  if (field.type.kind === 'bytes') return 'put.NO_BYTES'
  if (field.type.kind !== 'struct') throw new TypeError(`${path} has no default`)
  const entries = Object.entries(field.type.fields)
  const values = entries.map(([key, below]) => `${key}: ${absentExpression(context, path + capitalised(key), below)}`)
  return `{ ${values.join(', ')} }`
}

/** The fewest bytes one element takes in any version: a count that promises more than the frame holds is refused by it. */
function elementBytesMin(context: EmitContext, field: AnyField, range: VersionRange): number {
  let fewest = Number.POSITIVE_INFINITY
  for (let version = range.first; version <= range.last; version++) {
    fewest = Math.min(fewest, bytesMin(context, field, version))
  }
  return Math.max(1, fewest)
}

function bytesMin(context: EmitContext, field: AnyField, version: number): number {
  const flexible = version >= context.flexible
  switch (field.type.kind) {
    case 'struct': {
      if (version >= field.nullableSince) return 1
      const carried = Object.values(field.type.fields).filter(
        (below) => below.tag < 0 && version >= below.firstVersion && version <= below.lastVersion,
      )
      return carried.reduce((sum, below) => sum + bytesMin(context, below, version), flexible ? 1 : 0)
    }
    case 'string':
      return flexible ? 1 : 2
    case 'array':
    case 'bytes':
    case 'records':
      return flexible ? 1 : 4
    default:
      return SCALAR_BYTES[field.type.kind]
  }
}

const SCALAR_BYTES = {
  int8: 1,
  bool: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  int64Clamped: 8,
  int64Exact: 8,
  float64: 8,
  uuid: 16,
} as const
