import { API_KEY_COUNT, HEADERS_FLEXIBLE_SINCE } from './api-keys.ts'
import type { ByteSink } from './byte-sink.ts'
import { DecodeError } from './decode-error.ts'
import * as put from './put.ts'
import type { Reader } from './reader.ts'

/** What stands before every request's body. */
export interface RequestHeader {
  apiKey: number
  apiVersion: number
  correlationId: number
  clientId: string | null
}

const API_VERSIONS_KEY = 18

function isFlexible(apiKey: number, apiVersion: number): boolean {
  return apiKey < API_KEY_COUNT && apiVersion >= HEADERS_FLEXIBLE_SINCE[apiKey]!
}

/**
 * Reads the header and leaves the reader at the body. An ApiVersions request of
 * an unknown version gets no further than the client id: nobody can know how it
 * goes on, and its answer needs no more.
 */
export function decodeRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  if (apiKey < 0 || apiVersion < 0) throw new DecodeError(`API key ${apiKey} version ${apiVersion} cannot exist`)
  if (isFlexible(apiKey, apiVersion) && !(apiKey === API_VERSIONS_KEY && apiVersion > 4)) reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId }
}

/** ApiVersions answers have header version 0 whatever the body: a client must be able to read one of a version it does not know. */
export function responseHeaderVersion(apiKey: number, apiVersion: number): number {
  return apiKey !== API_VERSIONS_KEY && isFlexible(apiKey, apiVersion) ? 1 : 0
}

export function encodeResponseHeader(sink: ByteSink, apiKey: number, apiVersion: number, correlationId: number): void {
  put.int32(sink, correlationId)
  if (responseHeaderVersion(apiKey, apiVersion) === 1) put.uvarint(sink, 0)
}
