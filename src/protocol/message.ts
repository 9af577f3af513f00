import { assert } from '../base/assert.ts'
import type { ByteSink } from './byte-sink.ts'
import { emit } from './emit.ts'
import type { Fields, StructValue } from './field.ts'
import * as put from './put.ts'
import type { Reader } from './reader.ts'

/**
 * One format with all of its versions: a request, a response, or a record in a
 * log. A plain value; its codec is compiled at first use.
 */
export class Message<T> {
  /** Only for inference; never set. */
  declare readonly value?: T
  readonly name: string
  /** API key of requests and responses; record type of metadata records; -1 where there is none. */
  readonly key: number
  readonly kind: MessageKind
  /** Inclusive. */
  readonly versions: readonly [number, number]
  /** First version with compact lengths and tag sections; Infinity is never. */
  readonly flexible: number
  readonly fields: Fields
  #codec: Codec<T> | undefined

  constructor(name: string, options: MessageOptions, fields: Fields) {
    this.name = name
    this.key = options.key ?? -1
    this.kind = options.kind
    this.versions = options.versions
    this.flexible = options.flexible === 'never' ? Number.POSITIVE_INFINITY : options.flexible
    this.fields = fields
  }

  /** The compiled codec; callers use `decode` and `encode`. */
  get codec(): Codec<T> {
    this.#codec ??= compile<T>(this)
    return this.#codec
  }
}

export type MessageKind = 'request' | 'response' | 'data'

export interface MessageOptions {
  readonly key?: number
  readonly kind: MessageKind
  readonly versions: readonly [number, number]
  readonly flexible: number | 'never'
}

/** The TypeScript type of a message's value. */
export type MessageValue<M> = M extends Message<infer T> ? T : never

interface Codec<T> {
  decode(reader: Reader, version: number): T
  encode(sink: ByteSink, version: number, value: T): void
}

/** States a format. Property order of `fields` is the order on the wire. */
export function message<const F extends Fields>(
  name: string,
  options: MessageOptions,
  fields: F,
): Message<StructValue<F>> {
  return new Message<StructValue<F>>(name, options, fields)
}

/** Reads one message at the reader's position. Bytes that do not fit the schema throw DecodeError; what follows is the caller's. */
export function decode<T>(format: Message<T>, reader: Reader, version: number): T {
  if (version < format.versions[0] || version > format.versions[1]) unsupported(format, version)
  return format.codec.decode(reader, version)
}

/** Writes one message at the sink's position. A value that the version cannot carry fails an assertion. */
export function encode<T>(format: Message<T>, sink: ByteSink, version: number, value: T): void {
  if (version < format.versions[0] || version > format.versions[1]) unsupported(format, version)
  format.codec.encode(sink, version, value)
}

function unsupported(format: Message<unknown>, version: number): never {
  assert(false, `${format.name} has versions ${format.versions[0]} to ${format.versions[1]}, not ${version}`)
}

/** The source is printed from schemas in this package, never from a peer's data. */
function compile<T>(format: Message<T>): Codec<T> {
  const source = `${emit(format)}//# sourceURL=sluice-codec/${format.name}.js\n`
  const build = new Function('put', source) as (primitives: typeof put) => Codec<T>
  return build(put)
}
