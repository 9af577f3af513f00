import { capitalised, constantDefault, type EmitContext, guarded, indent, primitiveStatement } from './emit-names.ts'
import type { AnyField, Fields } from './field.ts'
import { atLeast, carries, narrow, type VersionRange } from './version-range.ts'

/**
 * Prints the encoder of a struct and of everything below it: functions of
 * (s: ByteSink, v: version, o: value). A field that the version lacks must be at
 * its default unless it is ignorable; a tagged field is written when it is not.
 * Returns the name of the struct's function.
 */
export function emitStructEncoder(context: EmitContext, path: string, fields: Fields, range: VersionRange): string {
  const name = `encode${path}`
  const entries = Object.entries(fields)
  const body = [...plainFields(context, path, entries, range), ...tagSection(context, path, entries, range)]
  context.functions.push([`function ${name}(s, v, o) {`, ...indent(body), '}'].join('\n'))
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
    const present =
      condition === false
        ? []
        : group.map(([key, field]) =>
            writeStatement(context, path + capitalised(key), field, { range: narrow(range, field), value: `o.${key}` }),
          )
    lines.push(...branch(condition, present, absenceChecks(path, group)))
  }
  return lines
}

function branch(condition: boolean | string, present: readonly string[], absent: readonly string[]): string[] {
  if (condition === true) return [...present]
  if (condition === false) return [...absent]
  const otherwise = absent.length === 0 ? ['}'] : ['} else {', ...indent(absent), '}']
  return [`if (${condition}) {`, ...indent(present), ...otherwise]
}

function absenceChecks(path: string, entries: readonly Entry[]): string[] {
  return entries
    .filter(([, field]) => !field.isIgnorable)
    .map(([key, field]) => `if (${differs(field, `o.${key}`)}) put.absent('${path}.${key}', v)`)
}

function tagSection(context: EmitContext, path: string, entries: readonly Entry[], range: VersionRange): string[] {
  const flexible = atLeast(range, context.flexible)
  const tagged = entries.filter(([, field]) => field.tag >= 0).sort(([, one], [, other]) => one.tag - other.tag)
  const checks = tagged.flatMap((entry) => {
    const condition = carries(range, entry[1])
    if (condition === true) return []
    return guarded(condition === false ? true : `!(${condition})`, absenceChecks(path, [entry]))
  })
  const known = tagged.filter(([, field]) => carries(range, field) !== false)
  if (known.length === 0) return [...checks, ...guarded(flexible, ['put.uvarint(s, 0)'])]
  const flags = known.map(([key, field]) => {
    const condition = carries(range, field)
    const difference = differs(field, `o.${key}`)
    return `const $${key} = ${condition === true ? difference : `${condition} && (${difference})`}`
  })
  const count = known.map(([key]) => `($${key} ? 1 : 0)`).join(' + ')
  const values = known.flatMap(([key, field]) =>
    guarded(`$${key}`, [
      `put.uvarint(s, ${field.tag})`,
      'const $start = put.openTag(s)',
      writeStatement(context, path + capitalised(key), field, { range: narrow(range, field), value: `o.${key}` }),
      'put.closeTag(s, $start)',
    ]),
  )
  return [...checks, ...guarded(flexible, [...flags, `put.uvarint(s, ${count})`, ...values])]
}

interface Written {
  readonly range: VersionRange
  /** The expression whose value is written. */
  readonly value: string
}

function writeStatement(context: EmitContext, path: string, field: AnyField, written: Written): string {
  const { range, value } = written
  switch (field.type.kind) {
    case 'array':
      return `${emitArrayEncoder(context, path, field, range)}(s, v, ${value})`
    case 'struct': {
      const write = `${emitStructEncoder(context, path, field.type.fields, range)}(s, v, ${value})`
      const nullable = atLeast(range, field.nullableSince)
      if (nullable === false) return write
      const marked = `if (${value} === null) put.int8(s, -1); else { put.int8(s, 1); ${write} }`
      return nullable === true ? marked : `if (!(${nullable})) ${write}; else ${marked}`
    }
    default:
      return primitiveStatement(context, range, field, (primitive) => `put.${primitive}(s, ${value})`)
  }
}

function emitArrayEncoder(context: EmitContext, path: string, field: AnyField, range: VersionRange): string {
  if (field.type.kind !== 'array') throw new TypeError(`${path} is no array`)
  const element = { range, value: 'o[$index]' }
  const body = [
    primitiveStatement(context, range, field, (primitive) => `put.${primitive}(s, o)`),
    ...(atLeast(range, field.nullableSince) === false ? [] : ['if (o === null) return']),
    'for (let $index = 0; $index < o.length; $index++) {',
    ...indent([writeStatement(context, path, field.type.element, element)]),
    '}',
  ]
  const name = `encode${path}List`
  context.functions.push([`function ${name}(s, v, o) {`, ...indent(body), '}'].join('\n'))
  return name
}

/** A condition that holds when `value` is not the field's default. */
function differs(field: AnyField, value: string): string {
  const constant = constantDefault(field)
  if (constant === 'null' || (constant !== undefined && field.type.kind !== 'bytes')) return `${value} !== ${constant}`
  const nullable = field.nullableSince !== Number.POSITIVE_INFINITY
  if (field.type.kind !== 'struct')
    return nullable ? `${value} === null || ${value}.length !== 0` : `${value}.length !== 0`
  const below = Object.entries(field.type.fields).map(([key, inner]) => differs(inner, `${value}.${key}`))
  return nullable ? `${value} === null || ${below.join(' || ')}` : below.join(' || ')
}
