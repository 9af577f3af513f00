import { emitStructDecoder } from './emit-decoder.ts'
import { emitStructEncoder } from './emit-encoder.ts'
import type { EmitContext } from './emit-names.ts'
import type { Fields } from './field.ts'

/** What `emit` needs of a message. */
export interface Emittable {
  readonly name: string
  /** Inclusive. */
  readonly versions: readonly [number, number]
  /** First flexible version; Infinity is never. */
  readonly flexible: number
  readonly fields: Fields
}

/**
 * Prints a message's codec: the body of a function of `put` (the write
 * primitives) that returns `{ decode(r, v), encode(s, v, o) }`. One straight line
 * of version-guarded code per struct; the same source serves every version. Pure:
 * equal schemas print equal text. Nothing in it comes from a peer.
 */
export function emit(message: Emittable): string {
  const context: EmitContext = { message: message.name, flexible: message.flexible, functions: [] }
  const range = { first: message.versions[0], last: message.versions[1] }
  const decoder = emitStructDecoder(context, message.name, message.fields, range)
  const encoder = emitStructEncoder(context, message.name, message.fields, range)
  return ["'use strict'", ...context.functions, `return { decode: ${decoder}, encode: ${encoder} }`, ''].join('\n')
}
