import { NO_TOPIC_ID } from '../base/ids.ts'

/**
 * The vocabulary that schemas are written in. A field is an immutable value: a
 * type, the versions that carry it, and what it is when absent. Property order of
 * a struct is the order on the wire, and the TypeScript type of a message is
 * inferred from its fields, so that a schema is the only statement of a format.
 *
 * Versions are those of the message. `since` and `until` are inclusive. A field
 * outside its versions takes its default when decoding; encoding another value
 * into such a version is a programmer's error unless the field is ignorable.
 */
export class Field<T> {
  /** Only for inference; never set. */
  declare readonly value?: T
  readonly type: FieldType
  readonly firstVersion: number
  readonly lastVersion: number
  /** First version in which null is legal; Infinity is never. */
  readonly nullableSince: number
  /** -1 for a field outside the tag section. */
  readonly tag: number
  readonly isIgnorable: boolean
  readonly defaultValue: unknown

  constructor(type: FieldType, changes: FieldChanges = {}) {
    this.type = type
    this.firstVersion = changes.firstVersion ?? 0
    this.lastVersion = changes.lastVersion ?? Number.POSITIVE_INFINITY
    this.nullableSince = changes.nullableSince ?? Number.POSITIVE_INFINITY
    this.tag = changes.tag ?? -1
    this.isIgnorable = changes.isIgnorable ?? false
    this.defaultValue = changes.defaultValue === undefined ? zeroOf(type) : changes.defaultValue
  }

  /** First version that carries the field. */
  since(version: number): Field<T> {
    return new Field<T>(this.type, { ...this, firstVersion: version })
  }

  /** Last version that carries the field. */
  until(version: number): Field<T> {
    return new Field<T>(this.type, { ...this, lastVersion: version })
  }

  /** Null is legal from `version` on. */
  nullable(version = 0): Field<T | null> {
    return new Field<T | null>(this.type, { ...this, nullableSince: version })
  }

  /** What the field is where it is absent. Without it: zero, false, empty, or a struct of defaults. */
  default(value: T & DefaultValue): Field<T> {
    return new Field<T>(this.type, { ...this, defaultValue: value })
  }

  /** Carried in the tag section, from `version` on, and only when it differs from the default. */
  tagged(tag: number, version: number): Field<T> {
    return new Field<T>(this.type, { ...this, tag, firstVersion: version })
  }

  /** Silently dropped by versions that lack it. */
  ignorable(): Field<T> {
    return new Field<T>(this.type, { ...this, isIgnorable: true })
  }
}

interface FieldChanges {
  readonly firstVersion?: number
  readonly lastVersion?: number
  readonly nullableSince?: number
  readonly tag?: number
  readonly isIgnorable?: boolean
  readonly defaultValue?: unknown
}

/** Defaults are printed into generated source, so only plain constants qualify. */
export type DefaultValue = number | bigint | boolean | string | null

export type ScalarKind =
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'int64Clamped'
  | 'int64Exact'
  | 'float64'
  | 'bool'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'array'; readonly element: AnyField }
  | { readonly kind: 'struct'; readonly fields: Fields }

/** Any field, where its type does not matter. */
export type AnyField = Pick<
  Field<unknown>,
  'type' | 'firstVersion' | 'lastVersion' | 'nullableSince' | 'tag' | 'isIgnorable' | 'defaultValue'
> & { readonly value?: unknown }

export type Fields = { readonly [name: string]: AnyField }
/** The value type of a struct. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: FieldValue<F[K]> }
/** The value type of a field. */
export type FieldValue<F> = F extends Field<infer T> ? T : never

/** Decoded records: where they lie in the reader's bytes. Nothing is copied, so it lives as long as those bytes. */
export interface RecordsView {
  readonly start: number
  readonly byteLength: number
}

/** Records to encode: bytes to copy, or anything that knows its length and is spliced in later as a file region. */
export type RecordsSource = Buffer | RecordsRegion | null
export interface RecordsRegion {
  readonly byteLength: number
}

export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const uint16 = scalar<number>('uint16')
export const int32 = scalar<number>('int32')
export const uint32 = scalar<number>('uint32')
/** As a number; a peer that sends one beyond 2^53 is refused. */
export const int64 = scalar<number>('int64')
/** As a number; beyond 2^53 it reads as the nearest safe integer. For positions where "further than anything" is meaningful. */
export const int64Clamped = scalar<number>('int64Clamped')
/** For the few fields that legally carry extreme values. */
export const int64Exact = scalar<bigint>('int64Exact')
export const float64 = scalar<number>('float64')
export const bool = scalar<boolean>('bool')
export const string = scalar<string>('string')
/** 22 characters of base64url, as Kafka prints it; NO_TOPIC_ID when all zero. */
export const uuid = scalar<string>('uuid')
/** A view on the reader's memory: copy it to keep it. */
export const bytes = scalar<Buffer>('bytes')
/** Record batches on their way in: a view on the reader's memory. Null is legal in every version. */
export const records = scalar<RecordsView>('records').nullable().default(null)
/** Record batches on their way out: bytes, or a gap that becomes a file region. Null is legal in every version. */
export const recordsSource: Field<RecordsSource> = new Field<RecordsSource>(
  { kind: 'records' },
  { nullableSince: 0, defaultValue: null },
)

export function array<F extends Fields>(fields: F): Field<StructValue<F>[]>
export function array<T>(element: Field<T>): Field<T[]>
export function array(element: AnyField | Fields): Field<unknown[]> {
  const field = element instanceof Field ? element : struct(element as Fields)
  return new Field<unknown[]>({ kind: 'array', element: field })
}

export function struct<F extends Fields>(fields: F): Field<StructValue<F>> {
  return new Field<StructValue<F>>({ kind: 'struct', fields })
}

function scalar<T>(kind: ScalarKind): Field<T> {
  return new Field<T>({ kind })
}

/** `undefined` stands for "build an empty one": arrays, byte strings and structs are never shared between messages. */
function zeroOf(type: FieldType): unknown {
  switch (type.kind) {
    case 'array':
    case 'struct':
    case 'bytes':
      return undefined
    case 'records':
      return null
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return NO_TOPIC_ID
    case 'int64Exact':
      return 0n
    default:
      return 0
  }
}
