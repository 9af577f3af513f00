import { beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { FetchPath } from '../../src/broker/fetch-path.ts'
import { FetchSessionCache } from '../../src/broker/fetch-session.ts'
import { Partition } from '../../src/broker/partition.ts'
import { Turn } from '../../src/broker/turn.ts'
import { type ReadRequest, type ReadResult, ReadStatus } from '../../src/log/index.ts'
import { Connection, Dispatched, ResponseSink } from '../../src/net/index.ts'
import { ErrorCode, encode, fetchRequest, Reader, Writer } from '../../src/protocol/index.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { decodeFetch } from '../support/fetching.ts'
import { fetchManyValue } from '../support/requests.ts'
import { FakePartitionLog } from './fake-partition-log.ts'
import { produceRulesOf } from './produce-rules-builder.ts'

/** Holds ten records' worth of offsets; `onRead` says what a read meets. */
class ScriptedLog extends FakePartitionLog {
  override logEndOffset = 10
  override highWatermark = 10
  reads = 0
  onRead: (result: ReadResult) => ReadStatus = () => ReadStatus.ok
  override read(request?: ReadRequest, result?: ReadResult): ReadStatus {
    this.reads++
    result!.nextOffset = request!.fetchOffset
    return this.onRead(result!)
  }
}

const VERSION = 12
const turn = new Turn()
let transport: FakeTransport
let connection: Connection
let logs: ScriptedLog[]
let failures: unknown[]
let unparked: () => void
let answered: Promise<void>
let path: FetchPath

beforeEach(() => {
  transport = new FakeTransport()
  connection = new Connection(1, { listener: 0, remoteAddress: '127.0.0.1', remotePort: 1 })
  failures = []
  logs = [new ScriptedLog(), new ScriptedLog()]
  const partitions = logs.map(partitionOn)
  answered = new Promise((resolve) => {
    unparked = resolve
  })
  const sink = new ResponseSink(transport)
  path = new FetchPath({
    partitions: {
      find: (_topic, partition) => partitions[partition],
      findById: () => undefined,
      all: () => partitions,
      size: partitions.length,
    },
    sessions: new FetchSessionCache({ slots: 0, randomInt32: () => 1 }),
    clock: systemClock,
    logger: silentLogger,
    sink: () => sink,
    unpark: () => unparked(),
    failed: (_connection, error) => {
      failures.push(error)
      unparked()
    },
    schedule: () => {},
    fetchBytesMax: 1 << 20,
  })
})

function partitionOn(log: ScriptedLog, partition: number): Partition {
  const made = new Partition({ topic: 't', topicId: 'id', partition, leaderEpoch: 0, rules: produceRulesOf(), turn })
  made.attach(log)
  return made
}

function dispatch(maxWaitMs: number): Dispatched {
  const writer = new Writer()
  const at: [string, number, number][] = [
    ['t', 0, 0],
    ['t', 1, 10],
  ]
  encode(fetchRequest, writer, VERSION, fetchManyValue(at, { maxWaitMs }))
  const reader = new Reader()
  const bytes = Buffer.from(writer.written())
  reader.reset(bytes, 0, bytes.length)
  return path.dispatch(connection, { apiKey: 1, apiVersion: VERSION, correlationId: 7, clientId: null }, reader)
}

/** The errors of the answer, by partition. */
function errorsOf(): number[] {
  const frame = Buffer.concat(transport.sent.map((piece) => piece.bytes)).subarray(4)
  return decodeFetch(frame).partitions.map((partition) => partition.errorCode)
}

test('a read that fails on an I/O thread is that partition’s error, and is not tried for ever', async () => {
  logs[0]!.onRead = (result) => {
    result.ready = Promise.reject(new Error('EIO'))
    return ReadStatus.pending
  }
  expect(dispatch(600_000)).toBe(Dispatched.parked)
  await answered
  expect(errorsOf()).toEqual([ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NONE])
  expect(logs[0]!.reads).toBe(1)
})

test('what throws in a woken fetch costs its connection, whatever woke it', async () => {
  logs[0]!.onRead = (result) => {
    if (logs[0]!.reads > 1) throw new Error('broken')
    result.ready = Promise.resolve()
    return ReadStatus.pending
  }
  expect(dispatch(600_000)).toBe(Dispatched.parked)
  await answered
  expect(failures).toEqual([new Error('broken')])
  expect(transport.sent).toEqual([])
})

test('nothing looks again for a fetch whose connection closed', () => {
  expect(dispatch(600_000)).toBe(Dispatched.parked)
  const reads = logs[0]!.reads
  connection.abandon()
  path.close()
  expect([logs[0]!.reads, transport.sent.length]).toEqual([reads, 0])
})
