import { expect, test } from 'vitest'
import { Partition } from '../../src/broker/partition.ts'
import { ProduceAnswer, type ProducePartitionAnswer } from '../../src/broker/produce-answer.ts'
import { Turn } from '../../src/broker/turn.ts'
import { Connection, ResponseSink } from '../../src/net/index.ts'
import { ErrorCode } from '../../src/protocol/index.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { FakePartitionLog } from './fake-partition-log.ts'
import { produceRulesOf } from './produce-rules-builder.ts'

const log = new FakePartitionLog()

function partition(): Partition {
  const made = new Partition({
    topic: 't',
    topicId: 'id',
    partition: 0,
    leaderEpoch: 0,
    rules: produceRulesOf(),
    turn: new Turn(),
  })
  made.attach(log)
  return made
}

function answer(): ProducePartitionAnswer {
  const owner = new ProduceAnswer({
    connection: new Connection(1, { listener: 0, remoteAddress: '', remotePort: 0 }),
    apiVersion: 12,
    correlationId: 1,
    acks: -1,
    deadlineMs: 0,
    sink: new ResponseSink(new FakeTransport()),
    listener: { produceSettled: () => {} },
  })
  return owner.addPartition(owner.addTopic('t'), 0)
}

const stateOf = (answers: ProducePartitionAnswer[]) => answers.map((one) => (one.settled ? one.errorCode : 'waits'))

test('answers are settled up to the high watermark, in order', () => {
  const answers = [answer(), answer(), answer()]
  const led = partition()
  for (const [index, one] of answers.entries()) led.acks.push(2 * (index + 1), one)
  log.highWatermark = 4
  led.highWatermarkMoved(log)
  expect(stateOf(answers)).toEqual([0, 0, 'waits'])
})

test('an append that failed fails what it took back, and lets go of a duplicate that waited behind it', () => {
  const [kept, lost, duplicateOfKept] = [answer(), answer(), answer()]
  const led = partition()
  led.acks.push(2, kept)
  led.acks.push(4, lost)
  led.acks.push(2, duplicateOfKept)
  log.highWatermark = 2
  led.highWatermarkMoved(log)
  led.appendFailed(log, 2, new Error('no space'), false)
  expect(stateOf([kept, lost, duplicateOfKept])).toEqual([0, ErrorCode.KAFKA_STORAGE_ERROR, 0])
  expect(led.acks.length).toBe(0)
})

test('a partition that goes away answers whoever waits with the reason', () => {
  const waiting = answer()
  const led = partition()
  led.acks.push(99, waiting)
  led.retire(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(stateOf([waiting])).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  expect(led.retiredAs).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})
