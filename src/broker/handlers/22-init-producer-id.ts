import {
  ErrorCode,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../protocol/index.ts'
import type { Handler } from '../handler.ts'

/**
 * InitProducerId, versions 0 to 5, for idempotent producers: every request gets
 * a new id with epoch 0, as in Kafka. v2 flexible, v3 carries the current id and
 * epoch (KIP-360), which mean something only beside a transactional id.
 *
 * A transactional id is refused with UNSUPPORTED_VERSION, which every client
 * takes as fatal: a retriable code would keep it trying for ever.
 */
export const initProducerIdHandler: Handler<InitProducerIdRequest, InitProducerIdResponse> = {
  key: 22,
  versions: [0, 5],
  request: initProducerIdRequest,
  response: initProducerIdResponse,
  async handle(services, request) {
    if (request.transactionalId !== null) {
      const code = request.transactionalId === '' ? ErrorCode.INVALID_REQUEST : ErrorCode.UNSUPPORTED_VERSION
      return answer(code, -1, -1)
    }
    const { producerId, producerEpoch } = request
    if (producerId < 0 !== producerEpoch < 0) return answer(ErrorCode.INVALID_REQUEST, -1, -1)
    const next = await services.producerIds.next()
    return answer(ErrorCode.NONE, next, 0)
  },
}

function answer(errorCode: number, producerId: number, producerEpoch: number): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId,
    producerEpoch,
    ongoingTxnProducerId: -1,
    ongoingTxnProducerEpoch: -1,
  }
}
