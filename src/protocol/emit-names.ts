import type { AnyField } from './field.ts'
import { atLeast, choose, type VersionRange } from './version-range.ts'

/** What both emitters need to know of the message they print. */
export interface EmitContext {
  readonly message: string
  /** First version with compact lengths and tag sections; Infinity is never. */
  readonly flexible: number
  /** Emitted functions, in the order in which they must be printed. */
  readonly functions: string[]
}

const LENGTH_PREFIXED: Readonly<Record<string, string>> = {
  string: 'string',
  bytes: 'byteString',
  records: 'records',
  array: 'arrayLength',
}

/**
 * The name of the primitive that reads or writes `field`, as an expression over
 * `v` where it depends on the version: `object.string`, or
 * `(v >= 9 ? object.compactString : object.string)` with the call appended to each.
 */
export function primitiveCall(
  context: EmitContext,
  range: VersionRange,
  field: AnyField,
  call: (primitive: string) => string,
): string {
  const base = LENGTH_PREFIXED[field.type.kind]
  if (base === undefined) return call(field.type.kind)
  const nullable = base === 'records' ? false : atLeast(range, field.nullableSince)
  const plain = choose(nullable, call(`nullable${capitalised(base)}`), call(base))
  const compact = choose(nullable, call(`compactNullable${capitalised(base)}`), call(`compact${capitalised(base)}`))
  return choose(atLeast(range, context.flexible), compact, plain)
}

/** The same as a statement. Without the outer parentheses: a line that begins with one would continue the line before. */
export function primitiveStatement(
  context: EmitContext,
  range: VersionRange,
  field: AnyField,
  call: (primitive: string) => string,
): string {
  const expression = primitiveCall(context, range, field, call)
  return expression.startsWith('(') ? expression.slice(1, -1) : expression
}

/** The source text of a field's default, where it is a constant. */
export function constantDefault(field: AnyField): string | undefined {
  const value = field.defaultValue
  if (value === undefined) return undefined
  if (typeof value === 'bigint') return `${value}n`
  return JSON.stringify(value)
}

export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Indents every line by one level. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

/** `lines` under `condition`, bare when it always holds, nothing when it never does. */
export function guarded(condition: boolean | string, lines: readonly string[]): string[] {
  if (condition === false || lines.length === 0) return []
  return condition === true ? [...lines] : [`if (${condition}) {`, ...indent(lines), '}']
}
