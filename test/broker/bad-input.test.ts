import { afterEach, expect, test } from 'vitest'
import { ErrorCode } from '../../src/protocol/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { fetch } from '../support/fetching.ts'
import { api, createTopic, produce, produceValue, record } from '../support/requests.ts'
import { TestBroker } from '../support/running-broker.ts'
import { requestFrame } from '../support/wire-client.ts'

let broker: TestBroker | undefined
afterEach(async () => {
  await broker?.stop()
  broker = undefined
})

/** A healthy client is served, and a line of the log names what happened to the other. */
async function expectUnharmed(expected: string): Promise<void> {
  const healthy = await broker!.client('healthy')
  expect((await produce(healthy, 't', [record('fine')])).errorCode).toBe(ErrorCode.NONE)
  expect(broker!.lines.map((line) => `${line.message} ${JSON.stringify(line.fields)}`).join('\n')).toContain(expected)
}

async function startWithTopic(settings: Record<string, string | number> = {}): Promise<void> {
  broker = await TestBroker.start({ durability: 'os', ...settings })
  expect(await createTopic(await broker.client(), 't')).toBe(ErrorCode.NONE)
}

const frames: [name: string, bytes: () => Buffer, line: string][] = [
  ['a length beyond socket.request.max.bytes', () => Buffer.from([0x7f, 0xff, 0xff, 0xff]), 'frame-too-large'],
  ['a negative length', () => Buffer.from([0xff, 0xff, 0xff, 0xff]), 'frame-'],
  ['an empty frame', () => Buffer.from([0, 0, 0, 0]), 'frame-invalid'],
  ['a frame that ends within the header', () => Buffer.from([0, 0, 0, 3, 0, 3, 0]), 'undecodable'],
  ['an unknown API key', () => Buffer.from([0, 0, 0, 11, 0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0]), 'is not served'],
  ['a negative API key', () => Buffer.from([0, 0, 0, 10, 0xff, 0xfe, 0, 0, 0, 0, 0, 1, 0xff, 0xff]), 'cannot exist'],
  [
    'a version that is not served',
    () => Buffer.from([0, 0, 0, 11, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff, 0]),
    'is not served',
  ],
  ['an old Produce', () => Buffer.from([0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff]), 'version 2 is not served'],
  [
    'a body with bytes behind it',
    () => {
      const whole = requestFrame(
        api.metadata.request,
        4,
        {
          topics: [],
          allowAutoTopicCreation: false,
          includeClusterAuthorizedOperations: false,
          includeTopicAuthorizedOperations: false,
        },
        { correlation: 1, clientId: 'long' },
      )
      const longer = Buffer.concat([whole, Buffer.alloc(7)])
      longer.writeInt32BE(longer.length - 4, 0)
      return longer
    },
    'bytes follow the request',
  ],
  [
    'a count of two billion topics',
    () => Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
    'undecodable',
  ],
]

for (const [name, bytes, line] of frames) {
  test(`${name} closes that connection only`, async () => {
    await startWithTopic()
    const bad = await broker!.client('bad')
    bad.write(bytes())
    await bad.untilClosed()
    await expectUnharmed(line)
  })
}

test('an unknown version of ApiVersions is answered in version 0 with the range that is served', async () => {
  await startWithTopic()
  const client = await broker!.client()
  client.write(Buffer.from([0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff]))
  const frame = await client.answerOf(7)
  expect([...frame.subarray(4)]).toEqual([0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4])
})

test('a request cut off at any byte neither answers nor harms', async () => {
  await startWithTopic()
  const whole = requestFrame(api.produce.request, 9, produceValue('t', encodeBatch([record('x')])), {
    correlation: 1,
    clientId: 'cut',
  })
  for (let end = 8; end < whole.length - 4; end += 5) {
    const cut = Buffer.from(whole.subarray(0, end + 4))
    cut.writeInt32BE(end, 0)
    const bad = await broker!.client('cut')
    bad.write(cut)
    await bad.untilClosed()
  }
  const healthy = await broker!.client()
  expect((await fetch(healthy, 't', 0)).partitions[0]!.offsets).toEqual([])
  await expectUnharmed('undecodable')
})

const batches: [name: string, change: (batch: Buffer) => Buffer | null, code: number][] = [
  ['a wrong checksum', (batch) => flip(batch, batch.length - 1), ErrorCode.CORRUPT_MESSAGE],
  ['no bytes', () => Buffer.alloc(0), ErrorCode.INVALID_RECORD],
  ['no records field', () => null, ErrorCode.INVALID_RECORD],
  ['an old format', (batch) => put(batch, 16, 1), ErrorCode.INVALID_RECORD],
  ['a length that is too long', (batch) => put(batch, 11, batch[11]! + 1), ErrorCode.INVALID_RECORD],
  ['two batches', (batch) => Buffer.concat([batch, batch]), ErrorCode.INVALID_RECORD],
]

for (const [name, change, code] of batches) {
  test(`a batch with ${name} is refused with Kafka's code and nothing is stored`, async () => {
    await startWithTopic()
    const client = await broker!.client()
    const bytes = change(encodeBatch([record('x')]))
    const answer = await client.request(api.produce, 12, produceValue('t', bytes))
    expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(code)
    expect((await fetch(client, 't', 0)).partitions[0]).toMatchObject({ highWatermark: 0 })
  })
}

test('a batch above max.message.bytes, unknown targets and bad acks have their own codes', async () => {
  await startWithTopic()
  const client = await broker!.client()
  await createTopic(client, 'small', { configs: { 'max.message.bytes': '200' } })
  expect((await produce(client, 'small', [record('x'.repeat(300))])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  expect((await produce(client, 'none', [record('x')])).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect((await produce(client, 't', [record('x')], { partition: 7 })).errorCode).toBe(
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  )
  expect((await produce(client, 't', [record('x')], { acks: 5 })).errorCode).toBe(ErrorCode.INVALID_REQUIRED_ACKS)
  await createTopic(client, 'keyed', { configs: { 'cleanup.policy': 'compact' } })
  expect((await produce(client, 'keyed', [record('x')])).errorCode).toBe(ErrorCode.INVALID_RECORD)
  expect((await produce(client, 'keyed', [record('x', 'k')])).errorCode).toBe(ErrorCode.NONE)
  await createTopic(client, 'two', { configs: { 'min.insync.replicas': '2' } })
  expect((await produce(client, 'two', [record('x')])).errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS)
  expect((await produce(client, 'two', [record('x')], { acks: 1 })).errorCode).toBe(ErrorCode.NONE)
})

test('a client that sends a length and stalls costs little memory and nobody else anything', async () => {
  await startWithTopic()
  const before = process.memoryUsage().rss
  const stalled = await Promise.all(Array.from({ length: 200 }, () => broker!.client('stalled')))
  for (const client of stalled) client.write(Buffer.from([0x06, 0, 0, 0, 0, 0, 0, 9]))
  const healthy = await broker!.client()
  for (let round = 0; round < 20; round++) expect((await produce(healthy, 't', [record('x')])).errorCode).toBe(0)
  // 200 claims of 100 MiB are 20 GiB; what they may cost is a small slab each.
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
})

function flip(batch: Buffer, at: number): Buffer {
  return put(batch, at, batch[at]! ^ 1)
}

function put(batch: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(batch)
  changed[at] = value
  return changed
}
