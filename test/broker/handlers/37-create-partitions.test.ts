import { beforeEach, expect, it } from 'vitest'
import { createPartitionsHandler } from '../../../src/broker/handlers/37-create-partitions.ts'
import { type CreatePartitionsRequest, ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, NODE_ID, versionsOf } from '../admin-fixture.ts'

type Wanted = CreatePartitionsRequest['topics'][number]
let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open()
  await broker.create('a', 'b')
})

function extend(topics: Wanted[], changes: { version?: number; validateOnly?: boolean } = {}) {
  const { version = 3, validateOnly = false } = changes
  return broker.call(createPartitionsHandler, version, { topics, timeoutMs: 0, validateOnly })
}

it.each(versionsOf(createPartitionsHandler))('adds partitions in version %i', async (version) => {
  const { results } = await extend([{ name: 'a', count: 3, assignments: null }], { version })
  expect(results).toEqual([{ name: 'a', errorCode: 0, errorMessage: null }])
  expect(broker.image.topic('a')?.partitions).toHaveLength(3)
  expect(broker.services.partitions.find('a', 2)).toBeDefined()
})

it('answers every topic, once when it is named twice', async () => {
  const { results } = await extend([
    { name: 'a', count: 2, assignments: [{ brokerIds: [NODE_ID] }] },
    { name: 'nope', count: 2, assignments: null },
    { name: 'b', count: 2, assignments: null },
    { name: 'b', count: 3, assignments: null },
  ])
  expect(results).toEqual([
    { name: 'a', errorCode: 0, errorMessage: null },
    { name: 'nope', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null },
    { name: 'b', errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' },
  ])
  expect(broker.image.topic('b')?.partitions).toHaveLength(1)
})

it('only looks when asked to validate', async () => {
  const topics = [
    { name: 'a', count: 2, assignments: null },
    { name: 'b', count: 1, assignments: null },
  ]
  const { results } = await extend(topics, { validateOnly: true })
  expect(results.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.INVALID_PARTITIONS])
  expect(broker.image.topic('a')?.partitions).toHaveLength(1)
})

it('tells every topic when nothing could be stored', async () => {
  broker.metadataLog.failNext = new Error('no space')
  const { results } = await extend([{ name: 'a', count: 2, assignments: null }])
  expect(results).toMatchObject([{ name: 'a', errorCode: ErrorCode.KAFKA_STORAGE_ERROR }])
  expect(broker.image.topic('a')?.partitions).toHaveLength(1)
})
