import { assert } from '../base/assert.ts'
import type { ByteSink } from './byte-sink.ts'
import type { RecordsSource } from './field.ts'

/**
 * Writes the primitive types of the protocol to a ByteSink: the names that
 * emitted encoders call. What cannot be written is the caller's mistake and
 * fails an assertion: a null where none is legal, an integer out of range, a
 * property that was forgotten.
 */
export function int8(sink: ByteSink, value: number): void {
  if ((value << 24) >> 24 !== value) refuse('int8', value)
  // `take` may replace the bytes, so they are looked up after it, here and everywhere below.
  const at = take(sink, 1)
  sink.bytes[at] = value
}

export function bool(sink: ByteSink, value: boolean): void {
  const at = take(sink, 1)
  sink.bytes[at] = value ? 1 : 0
}

export function int16(sink: ByteSink, value: number): void {
  if ((value << 16) >> 16 !== value) refuse('int16', value)
  const at = take(sink, 2)
  const bytes = sink.bytes
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

export function uint16(sink: ByteSink, value: number): void {
  if ((value & 0xffff) !== value) refuse('uint16', value)
  const at = take(sink, 2)
  const bytes = sink.bytes
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

export function int32(sink: ByteSink, value: number): void {
  if ((value | 0) !== value) refuse('int32', value)
  word(sink, value)
}

export function uint32(sink: ByteSink, value: number): void {
  if (value >>> 0 !== value) refuse('uint32', value)
  word(sink, value)
}

export function int64(sink: ByteSink, value: number): void {
  if (!Number.isSafeInteger(value)) refuse('int64', value)
  const at = take(sink, 8)
  const bytes = sink.bytes
  const high = Math.floor(value / 0x1_0000_0000)
  bytes[at] = high >> 24
  bytes[at + 1] = high >> 16
  bytes[at + 2] = high >> 8
  bytes[at + 3] = high
  const low = value >>> 0
  bytes[at + 4] = low >>> 24
  bytes[at + 5] = low >>> 16
  bytes[at + 6] = low >>> 8
  bytes[at + 7] = low
}

export const int64Clamped = int64

export function int64Exact(sink: ByteSink, value: bigint): void {
  const at = take(sink, 8)
  sink.bytes.writeBigInt64BE(value, at)
}

export function float64(sink: ByteSink, value: number): void {
  const at = take(sink, 8)
  sink.bytes.writeDoubleBE(value, at)
}

export function uvarint(sink: ByteSink, value: number): void {
  if (value < 0x80) {
    const at = take(sink, 1)
    sink.bytes[at] = value
    return
  }
  if (sink.position + VARINT_BYTES_MAX > sink.bytes.length) sink.reserve(VARINT_BYTES_MAX)
  const bytes = sink.bytes
  let rest = value >>> 0
  while (rest >= 0x80) {
    bytes[sink.position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[sink.position++] = rest
}

export function uuid(sink: ByteSink, value: string): void {
  if (value.length !== UUID_CHARACTERS) refuse('uuid', value)
  let at = take(sink, 16)
  const bytes = sink.bytes
  let bits = 0
  let bitCount = 0
  for (let index = 0; index < UUID_CHARACTERS; index++) {
    const digit = BASE64URL_DIGITS[value.charCodeAt(index)] ?? -1
    if (digit < 0) refuse('uuid', value)
    bits = (bits << 6) | digit
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[at++] = bits >> bitCount
    }
  }
}

export function string(sink: ByteSink, value: string): void {
  const byteLength = byteLengthOf(value)
  if (byteLength > 0x7fff) refuse('a string before the flexible versions', `${byteLength} bytes`)
  int16(sink, byteLength)
  text(sink, value, byteLength)
}

export function nullableString(sink: ByteSink, value: string | null): void {
  if (value === null) int16(sink, -1)
  else string(sink, value)
}

export function compactString(sink: ByteSink, value: string): void {
  const byteLength = byteLengthOf(value)
  uvarint(sink, byteLength + 1)
  text(sink, value, byteLength)
}

export function compactNullableString(sink: ByteSink, value: string | null): void {
  if (value === null) uvarint(sink, 0)
  else compactString(sink, value)
}

export function byteString(sink: ByteSink, value: Buffer): void {
  int32(sink, value.length)
  copy(sink, value)
}

export function nullableByteString(sink: ByteSink, value: Buffer | null): void {
  if (value === null) int32(sink, -1)
  else byteString(sink, value)
}

export function compactByteString(sink: ByteSink, value: Buffer): void {
  uvarint(sink, value.length + 1)
  copy(sink, value)
}

export function compactNullableByteString(sink: ByteSink, value: Buffer | null): void {
  if (value === null) uvarint(sink, 0)
  else compactByteString(sink, value)
}

export function records(sink: ByteSink, value: RecordsSource): void {
  int32(sink, value === null ? -1 : value.byteLength)
  if (value !== null) recordBytes(sink, value)
}

export function compactRecords(sink: ByteSink, value: RecordsSource): void {
  uvarint(sink, value === null ? 0 : value.byteLength + 1)
  if (value !== null) recordBytes(sink, value)
}

export function arrayLength(sink: ByteSink, value: readonly unknown[]): void {
  int32(sink, value.length)
}

export function nullableArrayLength(sink: ByteSink, value: readonly unknown[] | null): void {
  int32(sink, value === null ? -1 : value.length)
}

export function compactArrayLength(sink: ByteSink, value: readonly unknown[]): void {
  uvarint(sink, value.length + 1)
}

export function compactNullableArrayLength(sink: ByteSink, value: readonly unknown[] | null): void {
  uvarint(sink, value === null ? 0 : value.length + 1)
}

/** Leaves one byte for the size of the tagged field that follows; returns where its value starts. */
export function openTag(sink: ByteSink): number {
  take(sink, 1)
  return sink.position
}

/** Writes the size of the tagged field that started at `start`, moving it when one byte is too few. Tags hold no gaps. */
export function closeTag(sink: ByteSink, start: number): void {
  const byteLength = sink.position - start
  if (byteLength < 0x80) {
    sink.bytes[start - 1] = byteLength
    return
  }
  const end = sink.position
  sink.position = start - 1
  if (end + VARINT_BYTES_MAX > sink.bytes.length) {
    sink.position = end
    sink.reserve(VARINT_BYTES_MAX)
    sink.position = start - 1
  }
  const value = Buffer.from(sink.bytes.subarray(start, end))
  uvarint(sink, byteLength)
  copy(sink, value)
}

/** Called for a field that `version` lacks and that is neither ignorable nor at its default. */
export function absent(field: string, version: number): never {
  assert(false, `${field} is not in version ${version} and would be lost`)
}

/** Apart, so that no message is built while all is well. */
function refuse(type: string, value: unknown): never {
  assert(false, `${type} cannot hold ${String(value)}`)
}

/** A constant the emitted code uses where byte strings are absent. */
export const NO_BYTES = Buffer.alloc(0)

/** Claims the next `byteLength` bytes and returns where they start. */
function take(sink: ByteSink, byteLength: number): number {
  const at = sink.position
  if (at + byteLength > sink.bytes.length) {
    sink.reserve(byteLength)
    return takeReserved(sink, byteLength)
  }
  sink.position = at + byteLength
  return at
}

/** After `reserve`, which may have moved `position` along with the bytes. */
function takeReserved(sink: ByteSink, byteLength: number): number {
  const at = sink.position
  sink.position = at + byteLength
  return at
}

function word(sink: ByteSink, value: number): void {
  const at = take(sink, 4)
  const bytes = sink.bytes
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** ASCII, which names nearly always are, is counted here; anything else by Node. */
function byteLengthOf(value: string): number {
  const length = value.length
  if (length > SHORT_TEXT_MAX) return Buffer.byteLength(value, 'utf8')
  for (let index = 0; index < length; index++) {
    if (value.charCodeAt(index) >= 0x80) return Buffer.byteLength(value, 'utf8')
  }
  return length
}

function text(sink: ByteSink, value: string, byteLength: number): void {
  const at = take(sink, byteLength)
  const bytes = sink.bytes
  if (byteLength !== value.length || byteLength > SHORT_TEXT_MAX) {
    bytes.write(value, at, byteLength, 'utf8')
    return
  }
  for (let index = 0; index < byteLength; index++) bytes[at + index] = value.charCodeAt(index)
}

function copy(sink: ByteSink, value: Uint8Array): void {
  const at = take(sink, value.length)
  sink.bytes.set(value, at)
}

function recordBytes(sink: ByteSink, value: NonNullable<RecordsSource>): void {
  if (value instanceof Uint8Array) {
    copy(sink, value)
  } else if (value.byteLength > 0) {
    assert(sink.gaps !== undefined, 'this sink has nowhere to note a file region')
    sink.gaps.push({ position: sink.position, source: value })
  }
}

const VARINT_BYTES_MAX = 5
const UUID_CHARACTERS = 22
/** Up to here a loop beats the call into Node. */
const SHORT_TEXT_MAX = 64
const BASE64URL_DIGITS = new Int8Array(128).fill(-1)
for (let digit = 0; digit < 64; digit++) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  BASE64URL_DIGITS[alphabet.charCodeAt(digit)] = digit
}
