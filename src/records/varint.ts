/**
 * Zigzag variable-length integers, as records use them: seven bits a byte, low
 * bits first, the top bit says that more follow; 0, -1, 1, -2 … become 0, 1, 2, 3.
 * A varint has at most 5 bytes, a varlong at most 10. Varlongs are numbers and
 * exact up to 2^53; the reader returns something that is not a safe integer for more.
 */
const TWO_POW_27 = 2 ** 27
const TWO_POW_55 = 2 ** 55
const VARINT_BYTES_MAX = 5
const VARLONG_BYTES_MAX = 10

export function varintByteLength(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let byteLength = 1
  for (; rest >= 0x80; rest >>>= 7) byteLength++
  return byteLength
}

/** Returns the position after the last byte written. */
export function writeVarint(bytes: Buffer, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let at = position
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}

export function varlongByteLength(value: number): number {
  let rest = zigzagLong(value)
  let byteLength = 1
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) byteLength++
  return byteLength
}

/** Returns the position after the last byte written. */
export function writeVarlong(bytes: Buffer, position: number, value: number): number {
  let rest = zigzagLong(value)
  let at = position
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}

/** Exact while |value| is below 2^52, which a difference of two timestamps is for the next 140,000 years. */
function zigzagLong(value: number): number {
  return value >= 0 ? value * 2 : value * -2 - 1
}

/**
 * Reads a run of bytes from `position` up to `end`. A read that would pass the
 * end, or an integer with too many bytes, sets `failed` and returns 0; so a
 * caller may read several fields and look at `failed` once.
 */
export class VarintReader {
  bytes: Buffer
  position: number
  end: number
  failed = false

  constructor(bytes: Buffer, position: number, end: number) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  readByte(): number {
    if (this.position >= this.end) return this.#fail()
    return this.bytes[this.position++]!
  }

  readVarint(): number {
    let value = 0
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      if (this.position >= this.end) return this.#fail()
      const byte = this.bytes[this.position++]!
      value |= (byte & 0x7f) << (7 * index)
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    return this.#fail()
  }

  readVarlong(): number {
    // Three parts of at most 28 bits each keep every step exact.
    let low = 0
    let middle = 0
    let high = 0
    for (let index = 0; index < VARLONG_BYTES_MAX; index++) {
      if (this.position >= this.end) return this.#fail()
      const byte = this.bytes[this.position++]!
      const bits = byte & 0x7f
      if (index < 4) low |= bits << (7 * index)
      else if (index < 8) middle |= bits << (7 * (index - 4))
      else high |= bits << (7 * (index - 8))
      // Bits beyond the 64th are dropped, as Java's shift does.
      if (byte < 0x80) return unzigzagLong(low, middle, high & 0xff)
    }
    return this.#fail()
  }

  /** Steps over `byteLength` bytes and returns where they began. */
  skip(byteLength: number): number {
    const start = this.position
    if (byteLength < 0 || byteLength > this.end - start) return this.#fail()
    this.position = start + byteLength
    return start
  }

  #fail(): number {
    this.failed = true
    this.position = this.end
    return 0
  }
}

function unzigzagLong(low: number, middle: number, high: number): number {
  const half = high * TWO_POW_55 + middle * TWO_POW_27 + (low >>> 1)
  return (low & 1) === 0 ? half : -half - 1
}
