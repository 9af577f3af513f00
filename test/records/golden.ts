import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { DecodedBatch } from '../../src/records/index.ts'

/** Rows written by scripts/oracle-records.mjs from Apache Kafka's own classes. */
export interface GoldenBatch {
  readonly name: string
  readonly hex: string
  readonly batches: readonly GoldenDecoded[]
}

export interface GoldenDecoded {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly records: readonly GoldenRecord[]
}

export interface GoldenRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

export interface GoldenVerdict {
  readonly name: string
  readonly hex: string
  /** Topic configs by Kafka's names. */
  readonly topic: Readonly<Record<string, string>>
  readonly errorCode: number
  readonly recordErrors?: readonly number[]
}

export const goldenBatches: GoldenBatch[] = readRows('kafka-batches.jsonl.gz')
/** From the segment files of a broker that these clients produced to. */
export const clientBatches: GoldenBatch[] = readRows('client-batches.jsonl.gz')
export const goldenVerdicts: GoldenVerdict[] = readRows('kafka-verdicts.jsonl.gz')

function readRows<Row>(name: string): Row[] {
  const text = gunzipSync(readFileSync(new URL(`../wire/records/${name}`, import.meta.url))).toString('utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

export function goldenBytes(name: string): Buffer {
  const row = goldenBatches.find((batch) => batch.name === name)
  if (row === undefined) throw new Error(`there is no golden batch "${name}"`)
  return Buffer.from(row.hex, 'hex')
}

function hexOrNull(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('hex')
}

/** A decoded batch in the form of the golden rows. */
export function asGolden({ header, records }: DecodedBatch): object {
  // The oracle has no getter for it.
  const { baseTimestamp: _, ...fields } = header
  return {
    ...fields,
    records: records.map(({ offset, timestamp, key, value, headers }) => ({
      offset,
      timestamp,
      key: hexOrNull(key),
      value: hexOrNull(value),
      headers: headers.map((entry) => ({ key: entry.key, value: hexOrNull(entry.value) })),
    })),
  }
}
