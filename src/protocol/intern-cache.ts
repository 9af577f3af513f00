/**
 * Two small direct-mapped caches that turn repeated bytes into the same string
 * object, so that a request for a topic seen before allocates nothing for its
 * name. A colliding entry replaces the older one; memory is bounded by the slot
 * count times the longest cached string.
 */
const SLOT_COUNT = 1024
const SLOT_MASK = SLOT_COUNT - 1
/** Longer strings are decoded afresh: hashing and comparing them costs about as much. */
export const INTERNED_BYTES_MAX = 64

/** Strings of ASCII bytes, up to INTERNED_BYTES_MAX. Other strings pass through undisturbed. */
export class StringCache {
  readonly #slots: string[] = new Array<string>(SLOT_COUNT).fill('')

  get(bytes: Buffer, start: number, byteLength: number): string {
    let hash = byteLength
    const end = start + byteLength
    for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + bytes[index]!) | 0
    const slot = (hash ^ (hash >>> 10)) & SLOT_MASK
    const cached = this.#slots[slot]!
    return matches(cached, bytes, start, byteLength) ? cached : this.#replace(slot, bytes, start, end)
  }

  #replace(slot: number, bytes: Buffer, start: number, end: number): string {
    for (let index = start; index < end; index++) {
      if (bytes[index]! >= 0x80) return bytes.toString('utf8', start, end)
    }
    const text = bytes.toString('latin1', start, end)
    this.#slots[slot] = text
    return text
  }
}

/** Cached strings are ASCII, so one character stands for one byte. */
function matches(cached: string, bytes: Buffer, start: number, byteLength: number): boolean {
  if (cached.length !== byteLength) return false
  for (let index = 0; index < byteLength; index++) {
    if (cached.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}

const UUID_WORDS = 4

/** UUIDs in their text form, by their 16 bytes. */
export class UuidCache {
  readonly #words = new Int32Array(SLOT_COUNT * UUID_WORDS)
  readonly #texts: string[] = new Array<string>(SLOT_COUNT).fill('')

  get(bytes: Buffer, start: number): string {
    const first = word(bytes, start)
    const second = word(bytes, start + 4)
    const third = word(bytes, start + 8)
    const fourth = word(bytes, start + 12)
    const mixed = first ^ Math.imul(second, 31) ^ Math.imul(third, 961) ^ Math.imul(fourth, 29791)
    const slot = (mixed ^ (mixed >>> 13)) & SLOT_MASK
    const words = this.#words
    const at = slot * UUID_WORDS
    const text = this.#texts[slot]!
    if (
      text !== '' &&
      words[at] === first &&
      words[at + 1] === second &&
      words[at + 2] === third &&
      words[at + 3] === fourth
    ) {
      return text
    }
    const fresh = bytes.toString('base64url', start, start + 16)
    words[at] = first
    words[at + 1] = second
    words[at + 2] = third
    words[at + 3] = fourth
    this.#texts[slot] = fresh
    return fresh
  }
}

function word(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
