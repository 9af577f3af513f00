import type { Pin } from '../base/commit.ts'

/**
 * Memory that frames arrive in and files are written from, named by an integer
 * so that native code can use it without looking at JavaScript objects.
 *
 * Pinning: a slab given to a callback is valid only during that callback unless
 * `pin()` is called; each `pin()` needs one `release()`. `allocate()` returns a
 * slab that is already pinned once. After the last release the bytes may be
 * overwritten at any time. No call into native code except on the last release.
 */
export interface Slab extends Pin {
  /** Index into the pool; rows of (id, offset, length) name bytes by it. */
  readonly id: number
  /** The whole slab. */
  readonly bytes: Buffer
  readonly view: DataView
  pin(): void
  release(): void
}

export interface SlabPool {
  /** A slab of at least `byteLength` bytes, pinned once. Throws ENOMEM as DiskError when there is no memory. */
  allocate(byteLength: number): Slab
  /** The slab with that id. */
  get(id: number): Slab
  /** Bytes of all slabs in use. */
  readonly bytesInUse: number
  /** Above this many bytes in use, transports stop reading from producing connections. */
  setBudget(byteLength: number): void
  readonly overBudget: boolean
}
