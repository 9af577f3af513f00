import type { ResponseSink } from '../../net/index.ts'
import {
  type ApiVersionsRequest,
  type ApiVersionsResponse,
  apiVersionsRequest,
  apiVersionsResponse,
  ErrorCode,
  encode,
} from '../../protocol/index.ts'
import type { Handler } from '../handler.ts'
import { SERVED_PATHS } from '../served-apis.ts'

export const API_VERSIONS_KEY = 18
const VERSIONS = [0, 4] as const

/** KIP-511: what a client may call itself. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const SOFTWARE_NAME_SINCE = 3

/** One row of the answer. */
export interface AdvertisedApi {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** Everything that is served, in key order. */
export function advertisedApis(handlers: readonly Handler<never, unknown>[]): AdvertisedApi[] {
  const apis = handlers.map((handler) => row(handler.key, handler.versions))
  apis.push(row(API_VERSIONS_KEY, VERSIONS))
  for (const path of Object.values(SERVED_PATHS)) apis.push(row(path.key, path.versions))
  return apis.sort((left, right) => left.apiKey - right.apiKey)
}

function row(apiKey: number, versions: readonly [number, number]): AdvertisedApi {
  return { apiKey, minVersion: versions[0], maxVersion: versions[1] }
}

/**
 * ApiVersions, versions 0 to 4. v3: the client says who it is (a bad name earns
 * INVALID_REQUEST), features as tags. v4: may list features whose minimum is 0;
 * none is advertised here, since none is implemented. An unsupported version is
 * answered in the layout of v0 with this API's own range, whatever its body.
 */
export function apiVersionsHandler(apis: readonly AdvertisedApi[]): Handler<ApiVersionsRequest, ApiVersionsResponse> {
  return {
    key: API_VERSIONS_KEY,
    versions: VERSIONS,
    request: apiVersionsRequest,
    response: apiVersionsResponse,
    handle(_services, request, context) {
      const named =
        context.apiVersion < SOFTWARE_NAME_SINCE ||
        (SOFTWARE_NAME.test(request.clientSoftwareName) && SOFTWARE_NAME.test(request.clientSoftwareVersion))
      return answer(named ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST, named ? apis : [])
    },
  }
}

/** The answer to a version of ApiVersions that is not served: UNSUPPORTED_VERSION in the layout of v0 (KIP-511). */
export function answerUnsupportedApiVersions(sink: ResponseSink, connection: number, correlationId: number): void {
  sink.begin(connection, API_VERSIONS_KEY, 0, correlationId)
  encode(apiVersionsResponse, sink, 0, answer(ErrorCode.UNSUPPORTED_VERSION, [row(API_VERSIONS_KEY, VERSIONS)]))
  sink.end()
}

function answer(errorCode: number, apis: readonly AdvertisedApi[]): ApiVersionsResponse {
  return {
    errorCode,
    apiKeys: [...apis],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
}
