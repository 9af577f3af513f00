import { expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import type { StageVerdict } from '../../src/broker/append-stage.ts'
import { Partition } from '../../src/broker/partition.ts'
import { ProducePath } from '../../src/broker/produce-path.ts'
import { Turn } from '../../src/broker/turn.ts'
import { APPEND_ACCEPTED } from '../../src/log/index.ts'
import { Connection, ResponseSink } from '../../src/net/index.ts'
import { decode, ErrorCode, encode, produceRequest, produceResponse, Reader, Writer } from '../../src/protocol/index.ts'
import { BatchValidator, crc32c, encodeBatch } from '../../src/records/index.ts'
import { CountedSlab } from '../support/counted-slab.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { produceValue, record } from '../support/requests.ts'
import { FakePartitionLog } from './fake-partition-log.ts'
import { produceRulesOf } from './produce-rules-builder.ts'

const VERSION = 12

/** Takes nothing any more, like a log that is being deleted. */
class ClosingLog extends FakePartitionLog {
  override checkProducer(): number {
    return APPEND_ACCEPTED
  }
  override append(): number {
    return -1
  }
}

/** One partition whose batches are all examined on the stage; the test says what comes of it. */
function staged(timeoutMs: number) {
  const turn = new Turn()
  const transport = new FakeTransport()
  const sink = new ResponseSink(transport)
  const connection = new Connection(1, { listener: 0, remoteAddress: '', remotePort: 0 })
  const rules = produceRulesOf({ everyRecord: true })
  const partition = new Partition({ topic: 't', topicId: 'id', partition: 0, leaderEpoch: 0, rules, turn })
  partition.attach(new ClosingLog())
  let decide: (verdict: StageVerdict) => void = () => {}
  const path = new ProducePath({
    partitions: { find: () => partition, findById: () => undefined, all: () => [partition], size: 1 },
    validator: new BatchValidator({
      clock: systemClock,
      checksum: (slab, start, byteLength) => crc32c(slab.bytes, start, start + byteLength),
    }),
    examiner: {
      examineNow: () => undefined,
      examine: () =>
        new Promise((resolve) => {
          decide = resolve
        }),
    },
    turn,
    clock: systemClock,
    logger: silentLogger,
    sink: () => sink,
    emptySlab: new CountedSlab(Buffer.alloc(1)),
  })
  const writer = new Writer()
  encode(produceRequest, writer, VERSION, produceValue('t', encodeBatch([record('a')]), { timeoutMs }))
  const slab = new CountedSlab(Buffer.from(writer.written()))
  const reader = new Reader()
  reader.reset(slab.bytes, 0, slab.bytes.length)
  path.dispatch(connection, { apiKey: 0, apiVersion: VERSION, correlationId: 1, clientId: null }, reader, slab)
  const answered = new Promise<number>((resolve) => {
    const answer = () => {
      connection.sendReady()
      const frame = Buffer.concat(transport.sent.map((piece) => piece.bytes))
      const response = new Reader()
      response.reset(frame, 8, frame.length)
      response.skipTags()
      resolve(decode(produceResponse, response, VERSION).responses[0]!.partitionResponses[0]!.errorCode)
    }
    turn.attach({ inTurn: false, flush: answer })
  })
  return { partition, slab, answered, decide: (verdict: StageVerdict) => decide(verdict) }
}

const ACCEPTED: StageVerdict = { errorCode: ErrorCode.NONE, message: null, recordErrors: [] }

test('a batch that is examined for longer than its timeout is answered nevertheless', async () => {
  const { answered, slab } = staged(1)
  expect(await answered).toBe(ErrorCode.REQUEST_TIMED_OUT)
  expect(slab.pins).toBe(1)
})

test('a batch that is examined while its topic is deleted is told that the topic is gone', async () => {
  const { partition, answered, decide, slab } = staged(60_000)
  partition.retire(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  decide(ACCEPTED)
  expect(await answered).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  await new Promise((resolve) => setImmediate(resolve))
  expect(slab.pins).toBe(0)
})
