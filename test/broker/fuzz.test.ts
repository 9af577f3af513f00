/**
 * Seeded mutations of real requests against a live broker. Invariants:
 *   1. the broker goes on serving a healthy client, and what that client wrote stays as it was;
 *   2. no request makes it log an internal error;
 *   3. memory does not grow with the number of bad frames.
 * The seed is printed; SLUICE_FUZZ_SEED and SLUICE_FUZZ_FRAMES repeat or lengthen a run.
 */
import { expect, test } from 'vitest'
import { encodeBatch } from '../../src/records/index.ts'
import { fetch } from '../support/fetching.ts'
import { api, createTopic, fetchValue, produce, produceValue, record } from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import { requestFrame } from '../support/wire-client.ts'

const FRAMES = Number(process.env.SLUICE_FUZZ_FRAMES ?? 3000)
const FRAMES_PER_CONNECTION = 10

/** xorshift128, good enough to reach deep states, and repeatable. */
function random(seed: number): (below: number) => number {
  let a = seed | 1
  let b = 0x9e3779b9
  let c = 0x243f6a88
  let d = 0xb7e15162
  return (below) => {
    const t = a ^ (a << 11)
    a = b
    b = c
    c = d
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8)
    return (d >>> 0) % below
  }
}

function corpus(): Buffer[] {
  const header = { correlation: 1, clientId: 'fuzz' }
  const metadata = {
    topics: null,
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
  const frames: Buffer[] = []
  for (const version of [3, 7, 9, 12]) {
    frames.push(
      requestFrame(api.produce.request, version, produceValue('fuzzed', encodeBatch([record('v', 'k')])), header),
    )
  }
  for (const version of [7, 11, 12])
    frames.push(requestFrame(api.fetch.request, version, fetchValue('fuzzed', 0), header))
  for (const version of [1, 8, 9, 12]) frames.push(requestFrame(api.metadata.request, version, metadata, header))
  const listed = {
    name: 'fuzzed',
    partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1, maxNumOffsets: 1 }],
  }
  for (const version of [1, 5, 7]) {
    frames.push(
      requestFrame(
        api.listOffsets.request,
        version,
        { replicaId: -1, isolationLevel: 0, topics: [listed], timeoutMs: 0 },
        header,
      ),
    )
  }
  const id = {
    transactionalId: null,
    transactionTimeoutMs: 1,
    producerId: -1,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
  }
  for (const version of [0, 4]) frames.push(requestFrame(api.initProducerId.request, version, id, header))
  return frames
}

function mutate(frame: Buffer, below: (limit: number) => number): Buffer {
  let bytes = Buffer.from(frame)
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = 4 + below(bytes.length - 4)
    switch (below(6)) {
      case 0:
        bytes[at] = below(256)
        break
      case 1:
        bytes[at] = bytes[at]! ^ (1 << below(8))
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(8))])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + below(16), below(256)), bytes.subarray(at)])
        break
      case 4:
        if (at + 4 <= bytes.length) bytes.writeInt32BE([-1, 0x7fffffff, -0x80000000, 0][below(4)]!, at)
        break
      default:
        bytes.copyWithin(at, 4 + below(bytes.length - 4))
    }
    if (bytes.length < 6) return Buffer.from(frame)
  }
  bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

test('mutated requests harm nobody', { timeout: 120_000 + FRAMES * 20 }, async () => {
  const seed = Number(process.env.SLUICE_FUZZ_SEED ?? Date.now() % 0x7fffffff)
  console.log(`fuzz seed ${seed}, ${FRAMES} frames`)
  const below = random(seed)
  const broker = await TestBroker.start({ durability: 'os', 'auto.create.topics.enable': false })
  try {
    const healthy = await broker.client('healthy')
    await createTopic(healthy, 'safe')
    await createTopic(healthy, 'fuzzed')
    const frames = corpus()
    const written: string[] = []
    for (let sent = 0; sent < FRAMES; sent += FRAMES_PER_CONNECTION) {
      const bad = await broker.client('fuzz')
      for (let index = 0; index < FRAMES_PER_CONNECTION; index++)
        bad.write(mutate(frames[below(frames.length)]!, below))
      if (sent % 500 === 0) {
        const value = `round ${sent}`
        expect((await produce(healthy, 'safe', [record(value)])).errorCode).toBe(0)
        written.push(value)
      }
      bad.socket.end()
      await bad.untilClosed()
    }
    const kept = (await fetch(healthy, 'safe', 0, { partitionMaxBytes: 1 << 24 })).partitions[0]!
    expect(kept.values).toEqual(written)
    const internal = broker.lines.filter((line) => line.level === 'error' || line.level === 'fatal')
    expect(internal).toEqual([])
  } finally {
    await broker.stop()
  }
})
