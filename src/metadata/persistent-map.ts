/**
 * An immutable map from string to value whose edited copy shares nearly all of
 * its memory with the original.
 *
 * Keys are spread over a fixed number of buckets. An edit copies the array of
 * buckets once and each bucket it touches once, so changing one entry of 10,000
 * copies about twenty entries. Iteration order is unspecified, but the same for
 * the same map.
 */
const BUCKET_COUNT = 512

type Bucket<Value> = Map<string, Value>

export class PersistentMap<Value> {
  readonly size: number
  readonly #buckets: readonly (Bucket<Value> | undefined)[]

  private constructor(buckets: readonly (Bucket<Value> | undefined)[], size: number) {
    this.#buckets = buckets
    this.size = size
  }

  static empty<Value>(): PersistentMap<Value> {
    return new PersistentMap<Value>(new Array<Bucket<Value> | undefined>(BUCKET_COUNT).fill(undefined), 0)
  }

  get(key: string): Value | undefined {
    return this.#buckets[bucketOf(key)]?.get(key)
  }

  has(key: string): boolean {
    return this.#buckets[bucketOf(key)]?.has(key) ?? false
  }

  /** All values as an array: several times as fast as a generator where they are many. */
  values(): Value[] {
    const values: Value[] = []
    for (const bucket of this.#buckets) for (const value of bucket?.values() ?? []) values.push(value)
    return values
  }

  entries(): [string, Value][] {
    const entries: [string, Value][] = []
    for (const bucket of this.#buckets) for (const entry of bucket ?? []) entries.push(entry)
    return entries
  }

  /** A draft that starts as this map. This map never changes. */
  edit(): PersistentMapDraft<Value> {
    return new PersistentMapDraft(this.#buckets.slice(), this.size, (buckets, size) => new PersistentMap(buckets, size))
  }
}

/** Changes to a PersistentMap, visible to nobody else until `finish`. */
export class PersistentMapDraft<Value> {
  readonly #buckets: (Bucket<Value> | undefined)[]
  /** Buckets that were copied by this draft and may be changed in place. */
  readonly #owned = new Set<number>()
  readonly #seal: (buckets: (Bucket<Value> | undefined)[], size: number) => PersistentMap<Value>
  #size: number

  constructor(
    buckets: (Bucket<Value> | undefined)[],
    size: number,
    seal: (buckets: (Bucket<Value> | undefined)[], size: number) => PersistentMap<Value>,
  ) {
    this.#buckets = buckets
    this.#size = size
    this.#seal = seal
  }

  get(key: string): Value | undefined {
    return this.#buckets[bucketOf(key)]?.get(key)
  }

  set(key: string, value: Value): void {
    const bucket = this.#own(bucketOf(key))
    const sizeBefore = bucket.size
    bucket.set(key, value)
    this.#size += bucket.size - sizeBefore
  }

  delete(key: string): void {
    const index = bucketOf(key)
    if (this.#buckets[index]?.has(key) !== true) return
    this.#own(index).delete(key)
    this.#size--
  }

  /** The edited map. The draft must not be used afterwards. */
  finish(): PersistentMap<Value> {
    return this.#seal(this.#buckets, this.#size)
  }

  #own(index: number): Bucket<Value> {
    const present = this.#buckets[index]
    if (present !== undefined && this.#owned.has(index)) return present
    const copy = new Map(present)
    this.#buckets[index] = copy
    this.#owned.add(index)
    return copy
  }
}

/** FNV-1a over UTF-16 units, folded to a bucket index. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (BUCKET_COUNT - 1)
}
