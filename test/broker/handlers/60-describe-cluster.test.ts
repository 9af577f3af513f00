import { beforeEach, expect, it } from 'vitest'
import { describeClusterHandler } from '../../../src/broker/handlers/60-describe-cluster.ts'
import { type DescribeClusterRequest, ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, CLUSTER_ID, NODE_ID, versionsOf } from '../admin-fixture.ts'

let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open({ 'broker.rack': 'shelf' })
})

function ask(version: number, changes: Partial<DescribeClusterRequest> = {}, listener = 0) {
  const request = {
    includeClusterAuthorizedOperations: false,
    endpointType: 1,
    includeFencedBrokers: false,
    ...changes,
  }
  return broker.call(describeClusterHandler, version, request, { listener })
}

it.each(versionsOf(describeClusterHandler))(
  'names this broker by the listener that was asked, in version %i',
  async (version) => {
    expect(await ask(version, {}, 1)).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      endpointType: 1,
      clusterId: CLUSTER_ID,
      controllerId: NODE_ID,
      brokers: [{ brokerId: NODE_ID, host: 'outside', port: 9093, rack: 'shelf', isFenced: false }],
      clusterAuthorizedOperations: -2147483648,
    })
  },
)

it('tells the operations when asked', async () => {
  const { clusterAuthorizedOperations } = await ask(0, { includeClusterAuthorizedOperations: true })
  expect(clusterAuthorizedOperations).toBe(8096)
})

it('may be asked to include fenced brokers', async () => {
  expect((await ask(2, { includeFencedBrokers: true })).brokers).toHaveLength(1)
})

it.each([
  [2, ErrorCode.MISMATCHED_ENDPOINT_TYPE],
  [3, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE],
])('refuses endpoint type %i', async (endpointType, code) => {
  const answer = await ask(1, { endpointType })
  expect(answer).toMatchObject({ errorCode: code, clusterId: '', controllerId: -1, brokers: [] })
  expect(answer.errorMessage).not.toBeNull()
})
