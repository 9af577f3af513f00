import { readFileSync } from 'node:fs'

/** One record that Apache Kafka wrote, with what Kafka's own tool says about it. */
export interface KafkaRecord {
  readonly offset: number
  readonly type: string
  readonly version: number
  readonly data: Record<string, unknown>
  readonly hex: string
}

/** A metadata log of Apache Kafka 4.3.1, in offset order. */
export function kafkaLog(): KafkaRecord[] {
  const file = new URL('../wire/metadata/kafka-4.3.1-metadata-log.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}
