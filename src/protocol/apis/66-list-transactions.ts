import { array, int16, int32, int64, string } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/**
 * Lists transactions.
 *
 * v1 filter by duration; v2 filter by a pattern of ids.
 */
export const listTransactionsRequest = message(
  'ListTransactionsRequest',
  { key: 66, kind: 'request', versions: [0, 2], flexible: 0 },
  {
    stateFilters: array(string),
    producerIdFilters: array(int64),
    durationFilter: int64.since(1).default(-1),
    transactionalIdPattern: string.since(2).nullable().default(null),
  },
)
export type ListTransactionsRequest = MessageValue<typeof listTransactionsRequest>

export const listTransactionsResponse = message(
  'ListTransactionsResponse',
  { key: 66, kind: 'response', versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    unknownStateFilters: array(string),
    transactionStates: array({
      transactionalId: string,
      producerId: int64,
      transactionState: string,
    }),
  },
)
export type ListTransactionsResponse = MessageValue<typeof listTransactionsResponse>
