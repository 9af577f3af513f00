import type { Handler } from '../handler.ts'
import { listOffsetsHandler } from './02-list-offsets.ts'
import { advertisedApis, apiVersionsHandler } from './18-api-versions.ts'
import { initProducerIdHandler } from './22-init-producer-id.ts'
import { offsetForLeaderEpochHandler } from './23-offset-for-leader-epoch.ts'

/** Every API that is served besides Produce and Fetch. What is listed here is what ApiVersions advertises. */
export function brokerHandlers(): Handler<never, unknown>[] {
  const handlers = [listOffsetsHandler, initProducerIdHandler, offsetForLeaderEpochHandler] as Handler<never, unknown>[]
  return [...handlers, apiVersionsHandler(advertisedApis(handlers)) as Handler<never, unknown>]
}
