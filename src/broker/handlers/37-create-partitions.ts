import { createPartitions, type MorePartitionsOutcome } from '../../metadata/index.ts'
import {
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
  createPartitionsRequest,
  createPartitionsResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import type { Handler } from '../handler.ts'
import { changeMetadata } from '../metadata-change.ts'
import { placementOf } from '../topic-creation.ts'

/**
 * CreatePartitions, versions 0 to 3. v2 flexible, v3 may be throttled. Every
 * topic that is asked for gets an entry in the answer.
 */
export const createPartitionsHandler: Handler<CreatePartitionsRequest, CreatePartitionsResponse> = {
  key: 37,
  versions: [0, 3],
  request: createPartitionsRequest,
  response: createPartitionsResponse,
  async handle(services, request) {
    const outcome = await changeMetadata(services, request.validateOnly, (image) => {
      const { records, outcomes } = createPartitions(image, request.topics, placementOf(services, image))
      return { records, result: outcomes }
    })
    const outcomes: readonly MorePartitionsOutcome[] =
      'error' in outcome ? request.topics.map(({ name }) => ({ name, error: outcome.error })) : outcome.result
    const results = outcomes.map(({ name, error }) => ({
      name,
      errorCode: error?.code ?? ErrorCode.NONE,
      errorMessage: error?.message ?? null,
    }))
    return { throttleTimeMs: 0, results }
  },
}
