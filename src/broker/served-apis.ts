/** Keys with a path of their own; all others are Handlers. */
export const PRODUCE_KEY = 0
export const FETCH_KEY = 1

export interface ApiRange {
  readonly key: number
  /** Advertised, inclusive. */
  readonly versions: readonly [number, number]
  /** Lowest version that is really served. */
  readonly servedFrom: number
}

/**
 * Produce is advertised from 0 and served from 3: librdkafka reads its codec
 * support off version 0 (KAFKA-18659), and a request below 3 would carry old
 * message formats, which Kafka 4 refuses too.
 */
export const SERVED_PATHS: { readonly produce: ApiRange; readonly fetch: ApiRange } = {
  produce: { key: PRODUCE_KEY, versions: [0, 13], servedFrom: 3 },
  fetch: { key: FETCH_KEY, versions: [4, 18], servedFrom: 4 },
}
