import { assert } from '../base/assert.ts'

/**
 * Where encoders write: a transport's output arena or a Writer. An encoder
 * writes at `position` and advances it; `reserve` may replace `bytes`.
 */
export interface ByteSink {
  bytes: Buffer
  position: number
  /** Makes sure that `byteLength` more bytes fit at `position`. */
  reserve(byteLength: number): void
  /** Records that are not bytes of ours are noted here instead of being copied. */
  gaps?: Gap[]
}

/**
 * A hole in the output: `source.byteLength` bytes belong in front of the byte at
 * `position`. Frame lengths count them; `position` does not.
 */
export interface Gap {
  readonly position: number
  readonly source: { readonly byteLength: number }
}

/** A growing buffer of its own. `position = 0` starts over and keeps the memory. */
export class Writer implements ByteSink {
  bytes: Buffer
  position = 0
  readonly gaps: Gap[] = []

  constructor(byteLength = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(byteLength)
  }

  reserve(byteLength: number): void {
    const needed = this.position + byteLength
    if (needed <= this.bytes.length) return
    assert(needed <= BYTES_MAX, `a message of ${needed} bytes cannot be encoded`)
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.position)
    this.bytes = larger
  }

  /** A view on what was written. */
  written(): Buffer {
    return this.bytes.subarray(0, this.position)
  }

  /** Forgets what was written. */
  clear(): void {
    this.position = 0
    this.gaps.length = 0
  }
}

const BYTES_MAX = 0x7fff_ffff
