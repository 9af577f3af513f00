import type { AnyField } from './field.ts'

/** The versions that a piece of emitted code can see, inclusive: what is always or never true in them needs no test. */
export interface VersionRange {
  readonly first: number
  readonly last: number
}

/** A condition on the emitted variable `v`, or whether it is constant within `range`. */
export function atLeast(range: VersionRange, version: number): boolean | string {
  if (version <= range.first) return true
  return version > range.last ? false : `v >= ${version}`
}

export function atMost(range: VersionRange, version: number): boolean | string {
  if (version >= range.last) return true
  return version < range.first ? false : `v <= ${version}`
}

/** The condition under which `field` is carried. */
export function carries(range: VersionRange, field: AnyField): boolean | string {
  const lower = atLeast(range, field.firstVersion)
  const upper = atMost(range, field.lastVersion)
  if (lower === false || upper === false) return false
  if (lower === true) return upper
  return upper === true ? lower : `${lower} && ${upper}`
}

/** The part of `range` that carries `field`. */
export function narrow(range: VersionRange, field: AnyField): VersionRange {
  return { first: Math.max(range.first, field.firstVersion), last: Math.min(range.last, field.lastVersion) }
}

/** `yes` or `no`, whichever the condition leaves possible. */
export function choose(condition: boolean | string, yes: string, no: string): string {
  if (condition === true || yes === no) return yes
  return condition === false ? no : `(${condition} ? ${yes} : ${no})`
}
