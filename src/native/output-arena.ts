import type { OutputArena } from './transport.ts'

const ARENA_BYTES_MIN = 256 * 1024
/** An arena that one huge answer has grown beyond this is given back at the next reset. */
const ARENA_BYTES_KEPT = 4 * 1024 * 1024

/**
 * The output arena of both transports. Growing copies what is already encoded,
 * so positions handed out stay valid in the new buffer; `onReplace` tells the
 * native layer where the bytes are now.
 */
export class GrowingArena implements OutputArena {
  bytes: Buffer
  position = 0
  readonly #onReplace: (bytes: Buffer) => void

  constructor(onReplace: (bytes: Buffer) => void) {
    this.#onReplace = onReplace
    this.bytes = Buffer.allocUnsafeSlow(ARENA_BYTES_MIN)
    onReplace(this.bytes)
  }

  reserve(byteLength: number): void {
    if (this.position + byteLength > this.bytes.length) this.#grow(this.position + byteLength)
  }

  /** Copies `bytes` in and returns where they start. */
  append(bytes: Uint8Array): number {
    this.reserve(bytes.length)
    const start = this.position
    this.bytes.set(bytes, start)
    this.position += bytes.length
    return start
  }

  /** Everything has been sent or copied. */
  reset(): void {
    this.position = 0
    if (this.bytes.length > ARENA_BYTES_KEPT) this.#replace(ARENA_BYTES_MIN)
  }

  #grow(needed: number): void {
    let byteLength = this.bytes.length * 2
    while (byteLength < needed) byteLength *= 2
    this.#replace(byteLength)
  }

  #replace(byteLength: number): void {
    const previous = this.bytes
    this.bytes = Buffer.allocUnsafeSlow(byteLength)
    previous.copy(this.bytes, 0, 0, this.position)
    this.#onReplace(this.bytes)
  }
}
