import { decode, fetchResponse, Reader } from '../../src/protocol/index.ts'
import { batchPositions, decodeBatch } from '../../src/records/index.ts'
import { api, type FetchOptions, fetchValue } from './requests.ts'
import type { WireClient } from './wire-client.ts'

export interface FetchedPartition {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
  /** The records field, as it came. */
  readonly bytes: Buffer
  readonly values: (string | null)[]
  readonly offsets: number[]
}

export interface Fetched {
  readonly errorCode: number
  readonly sessionId: number
  readonly partitions: FetchedPartition[]
}

const VERSION = 12

/** One Fetch at version 12 (by name); uncompressed batches are decoded. */
export async function fetch(
  client: WireClient,
  topic: string,
  offset: number,
  options: FetchOptions = {},
): Promise<Fetched> {
  const correlation = client.send(api.fetch.request, VERSION, fetchValue(topic, offset, options))
  return decodeFetch(await client.answerOf(correlation))
}

export function decodeFetch(frame: Buffer): Fetched {
  const reader = new Reader()
  reader.reset(frame, 4, frame.length)
  reader.skipTags()
  const answer = decode(fetchResponse, reader, VERSION)
  const partitions = answer.responses.flatMap((topic) =>
    topic.partitions.map((partition) => {
      const view = partition.records as unknown as { start: number; byteLength: number } | null
      const bytes = view === null ? Buffer.alloc(0) : frame.subarray(view.start, view.start + view.byteLength)
      const records = [...batchPositions(bytes)].flatMap((position) => decodeBatch(bytes, position).records)
      return {
        errorCode: partition.errorCode,
        highWatermark: partition.highWatermark,
        logStartOffset: partition.logStartOffset,
        bytes,
        values: records.map((record) => record.value?.toString() ?? null),
        offsets: records.map((record) => record.offset),
      }
    }),
  )
  return { errorCode: answer.errorCode, sessionId: answer.sessionId, partitions }
}
