import { beforeEach, describe, expect, it } from 'vitest'
import { deleteRecordsHandler } from '../../../src/broker/handlers/21-delete-records.ts'
import { DiskError } from '../../../src/native/disk.ts'
import { ErrorCode } from '../../../src/protocol/index.ts'
import { AdminFixture, newTopic, versionsOf } from '../admin-fixture.ts'

let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open()
  await broker.create(newTopic('a', { numPartitions: 2 }), '__consumer_offsets')
  const log = broker.partitionLogs.get('a-0')!
  log.logEndOffset = 12
  log.highWatermark = 10
  log.logStartOffset = 2
})

async function deleteBefore(offset: number, where: { topic?: string; partition?: number; version?: number } = {}) {
  const { topic = 'a', partition = 0, version = 2 } = where
  const { topics } = await broker.call(deleteRecordsHandler, version, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
    timeoutMs: 0,
  })
  expect(topics).toMatchObject([{ name: topic, partitions: [{ partitionIndex: partition }] }])
  const { lowWatermark, errorCode } = topics[0]!.partitions[0]!
  return { lowWatermark, errorCode }
}

it.each(versionsOf(deleteRecordsHandler))('moves the log start in version %i', async (version) => {
  expect(await deleteBefore(5, { version })).toEqual({ lowWatermark: 5, errorCode: 0 })
  expect(broker.partitionLogs.get('a-0')!.logStartOffset).toBe(5)
})

it.each([
  ['the high watermark', 10, 10],
  ['-1, which stands for the high watermark', -1, 10],
  ['the log start', 2, 2],
  ['less than the log start, without effect', 0, 2],
])('accepts %s', async (_name, offset, lowWatermark) => {
  expect(await deleteBefore(offset)).toEqual({ lowWatermark, errorCode: 0 })
})

describe('refuses', () => {
  it.each([
    ['more than is acknowledged', 11, {}, ErrorCode.OFFSET_OUT_OF_RANGE],
    ['a negative offset', -2, {}, ErrorCode.OFFSET_OUT_OF_RANGE],
    ['an unknown partition', 0, { partition: 2 }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown topic', 0, { topic: 'nope' }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['an internal topic', 0, { topic: '__consumer_offsets' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
  ])('%s', async (_name, offset, where, errorCode) => {
    expect(await deleteBefore(offset, where)).toEqual({ lowWatermark: -1, errorCode })
  })

  it('a topic that is only compacted', async () => {
    await broker.create(newTopic('compacted', { configs: [{ name: 'cleanup.policy', value: 'compact' }] }))
    expect(await deleteBefore(0, { topic: 'compacted' })).toMatchObject({ errorCode: ErrorCode.POLICY_VIOLATION })
    await broker.create(newTopic('both', { configs: [{ name: 'cleanup.policy', value: 'compact,delete' }] }))
    expect(await deleteBefore(0, { topic: 'both' })).toMatchObject({ errorCode: 0 })
  })

  it('when the disk does', async () => {
    const log = broker.partitionLogs.get('a-0')!
    log.deletionFailure = new DiskError({ code: 'EIO', errno: 5, syscall: 'fdatasync', path: 'x' })
    expect(await deleteBefore(5)).toEqual({ lowWatermark: -1, errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
    log.failure = log.deletionFailure
    log.deletionFailure = undefined
    expect(await deleteBefore(5)).toEqual({ lowWatermark: -1, errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
  })
})

it('answers every partition in the order asked', async () => {
  const { topics } = await broker.call(deleteRecordsHandler, 2, {
    topics: [
      { name: 'a', partitions: [1, 0, 7].map((partitionIndex) => ({ partitionIndex, offset: -1 })) },
      { name: 'nope', partitions: [] },
    ],
    timeoutMs: 0,
  })
  expect(topics.map(({ name }) => name)).toEqual(['a', 'nope'])
  expect(topics[0]!.partitions).toEqual([
    { partitionIndex: 1, lowWatermark: 0, errorCode: 0 },
    { partitionIndex: 0, lowWatermark: 10, errorCode: 0 },
    { partitionIndex: 7, lowWatermark: -1, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ])
})
