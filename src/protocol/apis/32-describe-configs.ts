import { array, bool, int8, int16, int32, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Lists configuration with its sources.
 *
 * v1 synonyms and sources; v3 documentation and types; v4 flexible.
 */
export const describeConfigsRequest = message(
  'DescribeConfigsRequest',
  { key: 32, kind: 'request', versions: [1, 4], flexible: 4 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configurationKeys: array(string).nullable(),
    }),
    includeSynonyms: bool,
    includeDocumentation: bool.since(3),
  },
)
export type DescribeConfigsRequest = MessageValue<typeof describeConfigsRequest>

export const describeConfigsResponse = message(
  'DescribeConfigsResponse',
  { key: 32, kind: 'response', versions: [1, 4], flexible: 4 },
  {
    throttleTimeMs: int32,
    results: array({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1).ignorable(),
        isSensitive: bool,
        synonyms: array({
          name: string,
          value: string.nullable(),
          source: int8,
        }).ignorable(),
        configType: int8.since(3).ignorable(),
        documentation: string.since(3).nullable().ignorable(),
      }),
    }),
  },
)
export type DescribeConfigsResponse = MessageValue<typeof describeConfigsResponse>
