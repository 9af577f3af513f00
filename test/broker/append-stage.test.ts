import { expect, test } from 'vitest'
import { AppendStage, type StagedBatch, type StageVerdict } from '../../src/broker/append-stage.ts'
import { ProduceAnswer } from '../../src/broker/produce-answer.ts'
import { Connection, ResponseSink } from '../../src/net/index.ts'
import { ErrorCode } from '../../src/protocol/index.ts'
import { CountedSlab } from '../support/counted-slab.ts'
import { FakeTransport } from '../support/fake-transport.ts'

const ACCEPTED: StageVerdict = { errorCode: ErrorCode.NONE, message: null, recordErrors: [] }

function batch(): StagedBatch {
  const answer = new ProduceAnswer({
    connection: new Connection(1, { listener: 0, remoteAddress: '', remotePort: 0 }),
    apiVersion: 12,
    correlationId: 1,
    acks: -1,
    deadlineMs: 0,
    sink: new ResponseSink(new FakeTransport()),
    listener: { produceSettled: () => {} },
  })
  const target = answer.addPartition(answer.addTopic('t'), 0)
  return { slab: new CountedSlab(Buffer.alloc(8)), position: 0, byteLength: 8, answer: target }
}

/** A stage whose examinations the test settles, by batch. */
function stageOf(options: { finish?: (batch: StagedBatch) => void } = {}) {
  const examined: StagedBatch[] = []
  const settle = new Map<StagedBatch, { resolve: (verdict: StageVerdict) => void; reject: (error: Error) => void }>()
  const finished: [StagedBatch, number][] = []
  const faults: unknown[] = []
  const stage = new AppendStage({
    examine(staged) {
      examined.push(staged)
      return new Promise((resolve, reject) => settle.set(staged, { resolve, reject }))
    },
    finish(staged, verdict) {
      finished.push([staged, verdict.errorCode])
      options.finish?.(staged)
    },
    fault: (error) => faults.push(error),
  })
  return { stage, examined, settle, finished, faults }
}

const microtasks = () => new Promise<void>((resolve) => setImmediate(resolve))

test('batches are examined one at a time and finished in order, their slabs pinned until then', async () => {
  const { stage, examined, settle, finished } = stageOf()
  const [first, second] = [batch(), batch()]
  stage.add(first)
  stage.add(second)
  expect(examined).toEqual([first])
  const pins = () => [first, second].map((staged) => (staged.slab as CountedSlab).pins)
  expect(pins()).toEqual([1, 1])
  settle.get(first)!.resolve(ACCEPTED)
  await microtasks()
  expect([finished, pins()]).toEqual([[[first, 0]], [0, 1]])
  expect(stage.isEmpty).toBe(false)
  settle.get(second)!.resolve({ ...ACCEPTED, errorCode: ErrorCode.INVALID_RECORD })
  await microtasks()
  expect([finished.length, finished[1]![1], pins()]).toEqual([2, ErrorCode.INVALID_RECORD, [0, 0]])
  expect(stage.isEmpty).toBe(true)
})

test('an examination that throws refuses its batch and no other', async () => {
  const { stage, settle, finished, faults } = stageOf()
  const [first, second] = [batch(), batch()]
  stage.add(first)
  stage.add(second)
  settle.get(first)!.reject(new Error('broken'))
  await microtasks()
  settle.get(second)!.resolve(ACCEPTED)
  await microtasks()
  expect(finished).toEqual([
    [first, ErrorCode.UNKNOWN_SERVER_ERROR],
    [second, ErrorCode.NONE],
  ])
  expect(faults).toEqual([new Error('broken')])
})

test('a finish that throws answers its batch, releases its slab and goes on', async () => {
  let calls = 0
  const { stage, settle, faults } = stageOf({
    finish() {
      if (calls++ === 0) throw new Error('broken')
    },
  })
  const [first, second] = [batch(), batch()]
  stage.add(first)
  stage.add(second)
  settle.get(first)!.resolve(ACCEPTED)
  await microtasks()
  settle.get(second)!.resolve(ACCEPTED)
  await microtasks()
  expect([calls, faults.length, (first.slab as CountedSlab).pins]).toEqual([2, 1, 0])
  expect(first.answer.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
})
