import {
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  describeClusterRequest,
  describeClusterResponse,
  ErrorCode,
} from '../../protocol/index.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from '../authorized-operations.ts'
import type { Handler } from '../handler.ts'

const EndpointType = { broker: 1, controller: 2 } as const

/**
 * DescribeCluster, versions 0 to 2. v1 asks for brokers or controllers, v2 may
 * include fenced brokers, of which there are none: a broker that answers is not
 * fenced. Every listener is a broker's, so a question for controllers is refused.
 */
export const describeClusterHandler: Handler<DescribeClusterRequest, DescribeClusterResponse> = {
  key: 60,
  versions: [0, 2],
  request: describeClusterRequest,
  response: describeClusterResponse,
  handle(services, request, context) {
    // Version 0 lacks the field and decodes to its default, brokers.
    if (request.endpointType !== EndpointType.broker) return refusal(request.endpointType)
    const { nodeId, clusterId, config } = services
    const { host, port } = services.listeners[context.listener]!
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      endpointType: EndpointType.broker,
      clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, host, port, rack: config.get('broker.rack'), isFenced: false }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    }
  },
}

function refusal(endpointType: number): DescribeClusterResponse {
  const mismatched = endpointType === EndpointType.controller
  return {
    throttleTimeMs: 0,
    errorCode: mismatched ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
    errorMessage: mismatched
      ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
      : `Unsupported endpoint type ${endpointType}`,
    endpointType: EndpointType.broker,
    clusterId: '',
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: OPERATIONS_NOT_ASKED,
  }
}
