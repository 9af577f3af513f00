import { describe, expect, test } from 'vitest'
import {
  type ByteSink,
  decode,
  encode,
  type FetchResponse,
  fetchResponse,
  type Gap,
  metadataRequest,
  produceRequest,
  put,
  Reader,
  type RecordsSource,
  Writer,
} from '../../src/protocol/index.ts'

/** A sink like a transport's arena: it starts somewhere, and growing moves what is being written to other memory. */
class MovingSink implements ByteSink {
  bytes = Buffer.alloc(8)
  position = 3
  moves = 0
  readonly gaps: Gap[] = []

  reserve(byteLength: number): void {
    const next = Buffer.alloc(this.position + byteLength)
    this.bytes.copy(next, 0, 0, this.position)
    this.bytes.fill(0xee)
    this.bytes = next
    this.moves++
  }
}

function fetched(...sources: RecordsSource[]): FetchResponse {
  const partitions = sources.map((records, partitionIndex) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: 100,
    lastStableOffset: 100,
    logStartOffset: 0,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records,
  }))
  const topicId = 'dGhpcy1pcy1hLXV1aWQtMQ'
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [{ topic: '', topicId, partitions }],
    nodeEndpoints: [{ nodeId: 1, host: 'h'.repeat(200), port: 9092, rack: null }],
  }
}

describe('a sink that moves when it grows', () => {
  test('receives the same bytes as one that never does, where it stood', () => {
    const value = fetched(Buffer.alloc(500, 7), null)
    for (const version of [4, 11, 12, 18]) {
      const roomy = new Writer(10_000)
      const older = version < 13 ? { ...value, responses: [{ ...value.responses[0]!, topic: 't' }] } : value
      const subject = version < 16 ? { ...older, nodeEndpoints: [] } : older
      encode(fetchResponse, roomy, version, subject)
      const moving = new MovingSink()
      encode(fetchResponse, moving, version, subject)
      expect(moving.moves).toBeGreaterThan(10)
      expect(moving.bytes.subarray(3, moving.position)).toEqual(roomy.written())
    }
  })
})

describe('records that are file regions', () => {
  test('leave a gap: spliced in there, the bytes are those of a copy', () => {
    const first = Buffer.alloc(300, 1)
    const second = Buffer.alloc(70_000, 2)
    for (const version of [5, 12, 17]) {
      const named = (value: FetchResponse): FetchResponse => ({
        ...value,
        responses: [{ ...value.responses[0]!, topic: 't' }],
        nodeEndpoints: [],
      })
      const copied = new Writer()
      encode(fetchResponse, copied, version, named(fetched(first, null, second)))
      const regions = [{ byteLength: first.length }, { byteLength: second.length }]
      const spliced = new Writer()
      encode(fetchResponse, spliced, version, named(fetched(regions[0]!, null, regions[1]!)))
      expect(spliced.gaps.map(({ source }) => source)).toEqual(regions)
      const [one, other] = spliced.gaps.map(({ position }) => position)
      const bytes = spliced.written()
      const parts = [bytes.subarray(0, one), first, bytes.subarray(one, other), second, bytes.subarray(other)]
      expect(Buffer.concat(parts)).toEqual(copied.written())
    }
  })

  test('of no bytes leave none', () => {
    const writer = new Writer()
    encode(fetchResponse, writer, 17, { ...fetched({ byteLength: 0 }), nodeEndpoints: [] })
    expect(writer.gaps).toEqual([])
  })

  test('are refused by a sink that cannot note them', () => {
    const sink: ByteSink = { bytes: Buffer.alloc(1000), position: 0, reserve: () => {} }
    expect(() => encode(fetchResponse, sink, 17, fetched({ byteLength: 5 }))).toThrow(/file region/)
  })
})

describe('records that arrive', () => {
  test('decode to where they lie, without a copy', () => {
    const writer = new Writer()
    const records = Buffer.from('some record batches')
    put.int32(writer, 42)
    const start = writer.position
    put.nullableString(writer, null)
    put.int16(writer, -1)
    put.int32(writer, 30_000)
    put.int32(writer, 1)
    put.string(writer, 'a')
    put.int32(writer, 1)
    put.int32(writer, 0)
    put.records(writer, records)
    const reader = new Reader()
    reader.reset(writer.bytes, start, writer.position)
    const [topic] = decode(produceRequest, reader, 3).topicData
    const view = topic!.partitionData[0]!.records!
    expect(writer.bytes.subarray(view.start, view.start + view.byteLength)).toEqual(records)
    expect(reader.remaining).toBe(0)
  })
})

describe('values that do not fit', () => {
  const writer = new Writer()
  test.each([
    ['int8', () => put.int8(writer, 128)],
    ['int16', () => put.int16(writer, -32_769)],
    ['uint16', () => put.uint16(writer, -1)],
    ['int32', () => put.int32(writer, 2 ** 31)],
    ['int32', () => put.int32(writer, 0.5)],
    ['uint32', () => put.uint32(writer, -1)],
    ['int64', () => put.int64(writer, 2 ** 53)],
    ['int64', () => put.int64(writer, Number.NaN)],
    ['uuid', () => put.uuid(writer, 'too short')],
    ['uuid', () => put.uuid(writer, 'dGhpcy1pcy1hLXV1aWQt*Q')],
    ['uuid', () => put.uuid(writer, 'dGhpcy1pcy1hLXV1aWQt\u20acQ')],
    ['a string before the flexible versions', () => put.string(writer, 'x'.repeat(32_768))],
  ])('%s: refused', (type, write) => {
    expect(write).toThrow(`${type} cannot hold`)
  })

  test('versions that the message lacks', () => {
    const value = { topics: null, allowAutoTopicCreation: true }
    const whole = { ...value, includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false }
    expect(() => encode(metadataRequest, writer, 14, whole)).toThrow(/versions 0 to 13, not 14/)
    expect(() => encode(metadataRequest, writer, 0, whole)).toThrow()
  })
})

describe('interned strings', () => {
  const read = (reader: Reader, text: string): string => {
    const bytes = Buffer.concat([Buffer.from([0, Buffer.byteLength(text)]), Buffer.from(text)])
    reader.reset(bytes, 0, bytes.length)
    return reader.string()
  }

  test('are right whatever was read before them', () => {
    const reader = new Reader()
    const texts = ['', 'a', 'topic', 'größe', '主题', '\u007f', '\u0000', '\u0080', 'x'.repeat(64), 'x'.repeat(65)]
    for (let index = 0; index < 5000; index++) texts.push(`topic-${index}`)
    const sequence = [...texts, ...texts.toReversed()]
    expect(sequence.map((text) => read(reader, text))).toEqual(sequence)
  })

  test('uuids as well', () => {
    const reader = new Reader()
    const ids = Array.from({ length: 5000 }, (_, index) => {
      const bytes = Buffer.alloc(16)
      bytes.writeInt32BE(index, (index % 4) * 4)
      return bytes
    })
    const sequence = [...ids, ...ids.toReversed()]
    const read = sequence.map((bytes) => {
      reader.reset(bytes, 0, 16)
      return reader.uuid()
    })
    expect(read).toEqual(sequence.map((bytes) => bytes.toString('base64url')))
  })
})
