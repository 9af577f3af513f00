import { replaceConfigs } from '../../metadata/index.ts'
import {
  type AlterConfigsRequest,
  type AlterConfigsResponse,
  alterConfigsRequest,
  alterConfigsResponse,
} from '../../protocol/index.ts'
import { alterConfigs, missingValues } from '../config-alteration.ts'
import type { Handler } from '../handler.ts'

/**
 * AlterConfigs, versions 0 to 2. v1 may be throttled, v2 flexible. The entries
 * become all overrides of the resource: whatever is not named falls back to its
 * default, which is why IncrementalAlterConfigs replaced it.
 */
export const alterConfigsHandler: Handler<AlterConfigsRequest, AlterConfigsResponse> = {
  key: 33,
  versions: [0, 2],
  request: alterConfigsRequest,
  response: alterConfigsResponse,
  handle(services, request) {
    return alterConfigs(services, request, (resource, current, entries, rules) => {
      const wanted = new Map<string, string>()
      const withoutValue: string[] = []
      for (const { name, value } of entries) {
        if (value === null) withoutValue.push(name)
        else wanted.set(name, value)
      }
      return missingValues(withoutValue) ?? replaceConfigs(resource, current, wanted, rules)
    })
  },
}
