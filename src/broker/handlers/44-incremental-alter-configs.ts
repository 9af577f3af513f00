import { type ConfigChange, ConfigOperation, changeConfigs } from '../../metadata/index.ts'
import {
  ErrorCode,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../protocol/index.ts'
import { alterConfigs, missingValues, refuse } from '../config-alteration.ts'
import type { Handler } from '../handler.ts'

type Entry = IncrementalAlterConfigsRequest['resources'][number]['configs'][number]

/**
 * IncrementalAlterConfigs, versions 0 and 1. v1 flexible. Sets, deletes, appends
 * to and subtracts from single overrides; what is not named stays.
 */
export const incrementalAlterConfigsHandler: Handler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> =
  {
    key: 44,
    versions: [0, 1],
    request: incrementalAlterConfigsRequest,
    response: incrementalAlterConfigsResponse,
    handle(services, request) {
      return alterConfigs<Entry>(services, request, (resource, current, entries, rules) => {
        const changes: ConfigChange[] = []
        for (const { name, configOperation, value } of entries) {
          const operation = OPERATIONS.find((known) => known === configOperation)
          if (operation === undefined) {
            return refuse(ErrorCode.INVALID_REQUEST, `Unknown operation ${configOperation} for config ${name}`)
          }
          changes.push({ name, operation, value })
        }
        const withoutValue = changes.filter(
          ({ operation, value }) => operation !== ConfigOperation.delete && value === null,
        )
        return missingValues(withoutValue.map(({ name }) => name)) ?? changeConfigs(resource, current, changes, rules)
      })
    },
  }

const OPERATIONS = Object.values(ConfigOperation)
