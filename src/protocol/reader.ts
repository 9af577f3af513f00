import { DecodeError } from './decode-error.ts'
import type { RecordsView } from './field.ts'
import { INTERNED_BYTES_MAX, StringCache, UuidCache } from './intern-cache.ts'

/**
 * Reads the primitive types of the protocol out of [position, end) of a buffer.
 * Reusable: `reset` points it at the next frame. Every overrun and every length
 * that cannot be true throws DecodeError before anything is allocated. Strings
 * and uuids are interned; `byteString`, `records` and their kin are views on
 * `bytes`, never copies.
 */
export class Reader {
  bytes: Buffer
  position: number
  end: number
  readonly #elementsMax: number
  #elementsLeft: number
  readonly #strings = new StringCache()
  readonly #uuids = new UuidCache()

  /** `elementsMax` bounds the array elements of one frame, so that a small frame cannot become a huge object. */
  constructor(options: { readonly elementsMax?: number } = {}) {
    this.bytes = EMPTY
    this.position = 0
    this.end = 0
    this.#elementsMax = options.elementsMax ?? ELEMENTS_MAX
    this.#elementsLeft = this.#elementsMax
  }

  /** Reads [start, end) of `bytes` next. */
  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.position = start
    this.end = end
    this.#elementsLeft = this.#elementsMax
  }

  get remaining(): number {
    return this.end - this.position
  }

  int8(): number {
    return (this.bytes[this.#take(1)]! << 24) >> 24
  }

  bool(): boolean {
    return this.bytes[this.#take(1)] !== 0
  }

  int16(): number {
    const at = this.#take(2)
    const bytes = this.bytes
    return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16
  }

  uint16(): number {
    const at = this.#take(2)
    const bytes = this.bytes
    return (bytes[at]! << 8) | bytes[at + 1]!
  }

  int32(): number {
    const at = this.#take(4)
    const bytes = this.bytes
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  int64(): number {
    const at = this.position
    const value = this.int32() * 0x1_0000_0000 + this.uint32()
    if (!Number.isSafeInteger(value)) this.fail('an integer beyond 2^53', at)
    return value
  }

  /** What lies beyond 2^53 reads as the nearest safe integer. */
  int64Clamped(): number {
    const value = this.int32() * 0x1_0000_0000 + this.uint32()
    if (Number.isSafeInteger(value)) return value
    return value > 0 ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER
  }

  int64Exact(): bigint {
    return this.bytes.readBigInt64BE(this.#take(8))
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.#take(8))
  }

  uuid(): string {
    return this.#uuids.get(this.bytes, this.#take(16))
  }

  /** Unsigned varint of at most 32 bits. */
  uvarint(): number {
    const first = this.bytes[this.#take(1)]!
    return first < 0x80 ? first : this.#uvarintRest(first & 0x7f)
  }

  #uvarintRest(lowBits: number): number {
    const at = this.position - 1
    let value = lowBits
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.bytes[this.#take(1)]!
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    return this.fail('a varint of more than 32 bits', at)
  }

  string(): string {
    return this.#text(this.int16())
  }

  nullableString(): string | null {
    const byteLength = this.int16()
    return byteLength === -1 ? null : this.#text(byteLength)
  }

  compactString(): string {
    return this.#text(this.uvarint() - 1)
  }

  compactNullableString(): string | null {
    const byteLength = this.uvarint() - 1
    return byteLength === -1 ? null : this.#text(byteLength)
  }

  byteString(): Buffer {
    return this.#slice(this.int32())
  }

  nullableByteString(): Buffer | null {
    const byteLength = this.int32()
    return byteLength === -1 ? null : this.#slice(byteLength)
  }

  compactByteString(): Buffer {
    return this.#slice(this.uvarint() - 1)
  }

  compactNullableByteString(): Buffer | null {
    const byteLength = this.uvarint() - 1
    return byteLength === -1 ? null : this.#slice(byteLength)
  }

  records(): RecordsView | null {
    return this.#view(this.int32())
  }

  compactRecords(): RecordsView | null {
    return this.#view(this.uvarint() - 1)
  }

  /** Element count of an array whose elements take at least `elementBytesMin` bytes each. */
  arrayLength(elementBytesMin: number): number {
    return this.#elements(this.int32(), elementBytesMin)
  }

  /** The same; -1 is null. */
  nullableArrayLength(elementBytesMin: number): number {
    const count = this.int32()
    return count === -1 ? -1 : this.#elements(count, elementBytesMin)
  }

  compactArrayLength(elementBytesMin: number): number {
    return this.#elements(this.uvarint() - 1, elementBytesMin)
  }

  compactNullableArrayLength(elementBytesMin: number): number {
    const count = this.uvarint() - 1
    return count === -1 ? -1 : this.#elements(count, elementBytesMin)
  }

  /** A tag section of which no tag is known. */
  skipTags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint()
      this.position = this.tagEnd()
    }
  }

  /** Reads a tag's size and returns where its value ends. */
  tagEnd(): number {
    const byteLength = this.uvarint()
    if (byteLength > this.end - this.position) this.fail(`a tagged field of ${byteLength} bytes`, this.position)
    return this.position + byteLength
  }

  /** Called after a known tag's value: its size must have been true. */
  closeTag(end: number): void {
    if (this.position !== end) this.fail('a tagged field whose size differs from its value', end)
  }

  fail(what: string, at: number): never {
    throw new DecodeError(`${what} at byte ${at}, ${this.end - at} bytes before the end`)
  }

  /** Claims the next `byteLength` bytes and returns where they start. */
  #take(byteLength: number): number {
    const at = this.position
    const next = at + byteLength
    if (next > this.end) this.fail(`a value of ${byteLength} bytes`, at)
    this.position = next
    return at
  }

  #claim(byteLength: number, what: string): number {
    if (byteLength < 0 || byteLength > this.end - this.position) {
      this.fail(`${what} of length ${byteLength}`, this.position)
    }
    const at = this.position
    this.position = at + byteLength
    return at
  }

  #text(byteLength: number): string {
    if (byteLength === 0) return ''
    const at = this.#claim(byteLength, 'a string')
    if (byteLength <= INTERNED_BYTES_MAX) return this.#strings.get(this.bytes, at, byteLength)
    return this.bytes.toString('utf8', at, at + byteLength)
  }

  #slice(byteLength: number): Buffer {
    const at = this.#claim(byteLength, 'a byte string')
    return this.bytes.subarray(at, at + byteLength)
  }

  #view(byteLength: number): RecordsView | null {
    if (byteLength === -1) return null
    const start = this.#claim(byteLength, 'records')
    return { start, byteLength }
  }

  #elements(count: number, elementBytesMin: number): number {
    if (count < 0 || count * elementBytesMin > this.end - this.position) {
      this.fail(`an array of ${count} elements`, this.position)
    }
    this.#elementsLeft -= count
    if (this.#elementsLeft < 0) this.fail(`more than ${this.#elementsMax} array elements in one frame`, this.position)
    return count
  }
}

const EMPTY = Buffer.alloc(0)
const ELEMENTS_MAX = 1 << 20
