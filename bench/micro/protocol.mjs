/**
 * Processor time of the codecs on the hot path, in nanoseconds per message: median of the rounds, so that a busy machine
 * disturbs little. Run `npm run build:ts` before.
 *
 *   node bench/micro/protocol.mjs
 */
import {
  decode,
  decodeRequestHeader,
  encode,
  encodeResponseHeader,
  fetchRequest,
  fetchResponse,
  produceRequest,
  produceResponse,
  Reader,
  Writer,
} from '../../dist/protocol/index.js'

const ROUNDS = 9
const OPERATIONS = 200_000
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const TOPIC_ID = 'dGhpcy1pcy1hLXV1aWQtMQ'
const recordsBytes = Buffer.alloc(1024)

function produce(version) {
  const partitionData = [{ index: 3, records: recordsBytes }]
  const named = version < 13
  const topic = { name: named ? 'page-views' : '', topicId: named ? NO_TOPIC_ID : TOPIC_ID, partitionData }
  return { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData: [topic] }
}

function produceAnswer() {
  const partition = {
    index: 3,
    errorCode: 0,
    baseOffset: 123_456,
    logAppendTimeMs: -1,
    logStartOffset: 0,
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  }
  const responses = [{ name: 'page-views', topicId: NO_TOPIC_ID, partitionResponses: [partition] }]
  return { responses, throttleTimeMs: 0, nodeEndpoints: [] }
}

function fetchOf(partitionCount, version) {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({
    partition,
    currentLeaderEpoch: 0,
    fetchOffset: 1_000_000 + partition,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1_048_576,
    replicaDirectoryId: NO_TOPIC_ID,
    highWatermark: 9_223_372_036_854_775_807n,
  }))
  const named = version < 13
  const topic = { topic: named ? 'page-views' : '', topicId: named ? NO_TOPIC_ID : TOPIC_ID, partitions }
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 52_428_800,
    isolationLevel: 0,
    sessionId: 77,
    sessionEpoch: 5,
    topics: partitionCount === 0 ? [] : [topic],
    forgottenTopicsData: [],
    rackId: '',
  }
}

function fetchAnswer(records) {
  const partition = {
    partitionIndex: 3,
    errorCode: 0,
    highWatermark: 123_456,
    lastStableOffset: 123_456,
    logStartOffset: 0,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records,
  }
  const responses = [{ topic: '', topicId: TOPIC_ID, partitions: [partition] }]
  return { throttleTimeMs: 0, errorCode: 0, sessionId: 77, responses, nodeEndpoints: [] }
}

/** A whole frame's payload: header and body. */
function requestFrame(message, version, value) {
  const writer = new Writer()
  const header = Buffer.from('00000000000000070009636c69656e742d3130', 'hex')
  header.writeInt16BE(message.key, 0)
  header.writeInt16BE(version, 2)
  writer.bytes.set(header, 0)
  writer.position = header.length
  if (version >= message.flexible) writer.bytes[writer.position++] = 0
  encode(message, writer, version, value)
  return Buffer.from(writer.written())
}

function decoding(message, version, value) {
  const frame = requestFrame(message, version, value)
  const reader = new Reader()
  return () => {
    reader.reset(frame, 0, frame.length)
    const header = decodeRequestHeader(reader)
    return decode(message, reader, header.apiVersion)
  }
}

function encoding(message, version, value) {
  const writer = new Writer()
  return () => {
    writer.clear()
    encodeResponseHeader(writer, message.key, version, 7)
    encode(message, writer, version, value)
    return writer.position
  }
}

const cases = {
  'decode Produce v7 request': decoding(produceRequest, 7, produce(7)),
  'decode Produce v9 request': decoding(produceRequest, 9, produce(9)),
  'decode Produce v13 request': decoding(produceRequest, 13, produce(13)),
  'encode Produce v7 response': encoding(produceResponse, 7, produceAnswer()),
  'encode Produce v9 response': encoding(produceResponse, 9, produceAnswer()),
  'decode Fetch v17 request, idle session': decoding(fetchRequest, 17, fetchOf(0, 17)),
  'decode Fetch v17 request, 1 partition': decoding(fetchRequest, 17, fetchOf(1, 17)),
  'decode Fetch v12 request, 8 partitions': decoding(fetchRequest, 12, fetchOf(8, 12)),
  'encode Fetch v17 response, 1 region': encoding(fetchResponse, 17, fetchAnswer({ byteLength: 16_384 })),
}

function nanosecondsPerOperation(operation) {
  const before = process.cpuUsage()
  let kept
  for (let index = 0; index < OPERATIONS; index++) kept = operation()
  const used = process.cpuUsage(before)
  if (kept === undefined) throw new Error('nothing was measured')
  return ((used.user + used.system) * 1000) / OPERATIONS
}

for (const [name, operation] of Object.entries(cases)) {
  nanosecondsPerOperation(operation)
  const rounds = Array.from({ length: ROUNDS }, () => nanosecondsPerOperation(operation)).sort((one, two) => one - two)
  console.log(`${name.padEnd(42)} ${rounds[(ROUNDS - 1) / 2].toFixed(0).padStart(6)} ns, best ${rounds[0].toFixed(0)}`)
}
