import { array, bool, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Negotiates versions; the first request on every connection.
 *
 * v1 throttle time; v3 flexible, client software, features as tags; v4 allows features whose lowest version is 0.
 * The response header is never flexible, so that a client can read the answer to a version nobody knows.
 */
export const apiVersionsRequest = message(
  'ApiVersionsRequest',
  { key: 18, kind: 'request', versions: [0, 4], flexible: 3 },
  {
    clientSoftwareName: string.since(3).ignorable(),
    clientSoftwareVersion: string.since(3).ignorable(),
  },
)
export type ApiVersionsRequest = MessageValue<typeof apiVersionsRequest>

export const apiVersionsResponse = message(
  'ApiVersionsResponse',
  { key: 18, kind: 'response', versions: [0, 4], flexible: 3 },
  {
    errorCode: int16,
    apiKeys: array({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
    throttleTimeMs: int32.since(1).ignorable(),
    supportedFeatures: array({
      name: string,
      minVersion: int16,
      maxVersion: int16,
    })
      .tagged(0, 3)
      .ignorable(),
    finalizedFeaturesEpoch: int64.default(-1).tagged(1, 3).ignorable(),
    finalizedFeatures: array({
      name: string,
      maxVersionLevel: int16,
      minVersionLevel: int16,
    })
      .tagged(2, 3)
      .ignorable(),
    zkMigrationReady: bool.tagged(3, 3).ignorable(),
  },
)
export type ApiVersionsResponse = MessageValue<typeof apiVersionsResponse>
