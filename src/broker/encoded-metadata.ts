import { setImmediate as nextLoopTurn } from 'node:timers/promises'
import { encode, Message, type MetadataResponse, metadataResponse, put, Writer } from '../protocol/index.ts'
import { EncodedAnswer } from './handler.ts'

type Topics = Pick<MetadataResponse, 'topics'>

/**
 * A Metadata answer made of slices, with the event loop free between them: ten
 * thousand partitions take tens of milliseconds when the code is still cold.
 * The bytes are those that encoding the whole answer yields. That is so because
 * the fields of a message follow each other: what stands before the topics, the
 * topics, and what stands behind them are encoded as messages of their own.
 */
export async function encodeInSlices(
  answer: Omit<MetadataResponse, 'topics'>,
  topicCount: number,
  slices: Iterable<MetadataResponse['topics']>,
  version: number,
): Promise<EncodedAnswer> {
  const isFlexible = version >= metadataResponse.flexible
  const target = new Writer(SLICE_BYTES_USUAL)
  encode(head, target, version, answer)
  // Each part ends with a tag section of its own; only the last one is the answer's.
  if (isFlexible) target.position -= EMPTY_TAGS_BYTES
  putArrayLength(target, topicCount, isFlexible)
  const scratch = new Writer(SLICE_BYTES_USUAL)
  for (const topics of slices) {
    // One topic can be all of the answer: making a slice and encoding it are turns of their own.
    await nextLoopTurn()
    appendTopics(target, scratch, topics, version, isFlexible)
    await nextLoopTurn()
  }
  encode(tail, target, version, answer)
  return new EncodedAnswer(target.written())
}

function appendTopics(
  target: Writer,
  scratch: Writer,
  topics: MetadataResponse['topics'],
  version: number,
  isFlexible: boolean,
): void {
  scratch.clear()
  putArrayLength(scratch, topics.length, isFlexible)
  const start = scratch.position
  scratch.clear()
  encode(body, scratch, version, { topics })
  const end = scratch.position - (isFlexible ? EMPTY_TAGS_BYTES : 0)
  target.reserve(end - start)
  scratch.bytes.copy(target.bytes, target.position, start, end)
  target.position += end - start
}

function putArrayLength(writer: Writer, length: number, isFlexible: boolean): void {
  if (isFlexible) put.uvarint(writer, length + 1)
  else put.int32(writer, length)
}

const { topics: topicsField, clusterAuthorizedOperations, errorCode, ...headFields } = metadataResponse.fields
const options = {
  kind: metadataResponse.kind,
  versions: metadataResponse.versions,
  flexible: metadataResponse.flexible,
}
const head = new Message<Omit<MetadataResponse, 'topics' | 'clusterAuthorizedOperations' | 'errorCode'>>(
  'MetadataResponseHead',
  options,
  headFields,
)
const body = new Message<Topics>('MetadataResponseTopics', options, { topics: topicsField! })
const tail = new Message<Pick<MetadataResponse, 'clusterAuthorizedOperations' | 'errorCode'>>(
  'MetadataResponseTail',
  options,
  { clusterAuthorizedOperations: clusterAuthorizedOperations!, errorCode: errorCode! },
)

const EMPTY_TAGS_BYTES = 1
const SLICE_BYTES_USUAL = 64 * 1024
