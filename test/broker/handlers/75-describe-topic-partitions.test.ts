import { beforeEach, describe, expect, it } from 'vitest'
import { NO_TOPIC_ID } from '../../../src/base/ids.ts'
import { describeTopicPartitionsHandler } from '../../../src/broker/handlers/75-describe-topic-partitions.ts'
import {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  ErrorCode,
} from '../../../src/protocol/index.ts'
import { AdminFixture, NODE_ID, newTopic } from '../admin-fixture.ts'

type Cursor = DescribeTopicPartitionsRequest['cursor']
let broker: AdminFixture

beforeEach(async () => {
  broker = await AdminFixture.open()
  await broker.create(newTopic('t', { numPartitions: 3 }), 'a.b', newTopic('u', { numPartitions: 2 }))
})

function ask(names: string[], limit: number, cursor: Cursor = null): Promise<DescribeTopicPartitionsResponse> {
  const topics = names.map((name) => ({ name }))
  return broker.call(describeTopicPartitionsHandler, 0, { topics, responsePartitionLimit: limit, cursor })
}

/** Topics as "name:partition,partition" or "name!code". */
function summary({ topics }: DescribeTopicPartitionsResponse): string[] {
  return topics.map(({ name, errorCode, partitions }) =>
    errorCode === 0 ? `${name}:${partitions.map(({ partitionIndex }) => partitionIndex)}` : `${name}!${errorCode}`,
  )
}

it('answers as Metadata does, and with eligible leaders', async () => {
  const { topics, nextCursor } = await ask(['a.b'], 10)
  expect(nextCursor).toBeNull()
  expect(topics).toEqual([
    {
      errorCode: 0,
      name: 'a.b',
      topicId: broker.topicId('a.b'),
      isInternal: false,
      partitions: [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: NODE_ID,
          leaderEpoch: 0,
          replicaNodes: [NODE_ID],
          isrNodes: [NODE_ID],
          eligibleLeaderReplicas: [],
          lastKnownElr: [],
          offlineReplicas: [],
        },
      ],
      topicAuthorizedOperations: 3576,
    },
  ])
})

it('sorts names, answers a repeated name once, and tells which are unknown or cannot be', async () => {
  const answer = await ask(['zz', 't', 'a.b', 't', 'x/y'], 2000)
  expect(summary(answer)).toEqual([
    'a.b:0',
    't:0,1,2',
    `x/y!${ErrorCode.INVALID_TOPIC_EXCEPTION}`,
    `zz!${ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}`,
  ])
  expect(answer.topics[3]).toMatchObject({ topicId: NO_TOPIC_ID, partitions: [] })
})

// Each row is what Apache Kafka 4.3.1 answers to the same question on topics of the same names and sizes.
describe('pages', () => {
  it.each<[string, string[], number, Cursor, string[], Cursor]>([
    ['stop within a topic', ['t', 'a.b'], 2, null, ['a.b:0', 't:0'], { topicName: 't', partitionIndex: 1 }],
    ['go on within a topic', ['t', 'a.b'], 2, { topicName: 't', partitionIndex: 1 }, ['t:1,2'], null],
    ['stop between topics', ['t', 'a.b'], 1, null, ['a.b:0'], { topicName: 't', partitionIndex: 0 }],
    [
      'start at the next name',
      [],
      2,
      { topicName: 'b', partitionIndex: 0 },
      ['t:0,1'],
      { topicName: 't', partitionIndex: 2 },
    ],
    ['hold at least one partition', [], 0, null, ['a.b:0'], { topicName: 't', partitionIndex: 0 }],
    [
      'go on behind a topic that has shrunk',
      [],
      0,
      { topicName: 't', partitionIndex: 7 },
      ['t:', 'u:0'],
      { topicName: 'u', partitionIndex: 1 },
    ],
    ['are empty for a negative cursor', [], 5, { topicName: 't', partitionIndex: -1 }, [], null],
  ])('%s', async (_name, names, limit, cursor, topics, next) => {
    const answer = await ask(names, limit, cursor)
    expect(summary(answer)).toEqual(topics)
    expect(answer.nextCursor).toEqual(next)
  })

  it('follow each other without gap or overlap', async () => {
    for (let limit = 1; limit <= 7; limit++) {
      const seen: string[] = []
      let cursor: Cursor = null
      do {
        const answer: DescribeTopicPartitionsResponse = await ask([], limit, cursor)
        for (const { name, partitions } of answer.topics) {
          for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`)
        }
        cursor = answer.nextCursor
      } while (cursor !== null)
      expect(seen).toEqual(['a.b-0', 't-0', 't-1', 't-2', 'u-0', 'u-1'])
    }
  })

  it('are no larger than the broker allows', async () => {
    broker = await AdminFixture.open({ 'max.request.partition.size.limit': 2 })
    await broker.create(newTopic('t', { numPartitions: 3 }))
    expect((await ask([], 2000)).nextCursor).toEqual({ topicName: 't', partitionIndex: 2 })
  })
})
