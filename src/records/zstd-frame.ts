import { corruptBlock, requireBytes } from './compressed-input.ts'

/**
 * What a Zstandard frame says about the size of its content, so that memory can be bounded before decompressing.
 *
 *     magic 28 b5 2f fd
 *     descriptor u8: size of the content size field (bits 7-6), single segment (5), checksum (2), dictionary id (1-0)
 *     window descriptor u8 (absent with single segment); dictionary id; content size: all little-endian
 *     blocks: u24 of last (bit 0), type (bits 2-1), size (the rest), then data; checksum u32 if announced
 */
const FRAME_MAGIC = 0xfd2fb528
const DESCRIPTOR = 4
const SINGLE_SEGMENT_FLAG = 0x20
/** Bytes of the content size field and of the dictionary id, by their two-bit codes in the descriptor. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]

const BlockType = { raw: 0, repeated: 1, compressed: 2 } as const
/** No block gives more, whatever the window. */
const BLOCK_OUTPUT_BYTES_MAX = 128 * 1024

/** What the frame's header says it holds, undefined when it does not say (streams do not). */
export function contentSize(bytes: Buffer): number | undefined {
  const byteLength = contentSizeBytes(bytes)
  if (byteLength === 0) return undefined
  const at = contentSizePosition(bytes)
  requireBytes(bytes, at, byteLength)
  if (byteLength === 1) return bytes[at]!
  // The two-byte form counts from 256: smaller sizes fit the one-byte form.
  if (byteLength === 2) return bytes.readUInt16LE(at) + 256
  if (byteLength === 4) return bytes.readUInt32LE(at)
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}

/** The frame gives at most this much, judged by its blocks' headers. */
export function outputBytesBound(bytes: Buffer): number {
  let at = contentSizePosition(bytes) + contentSizeBytes(bytes)
  let bound = 0
  for (;;) {
    requireBytes(bytes, at, 3)
    const word = bytes.readUIntLE(at, 3)
    const type = (word >>> 1) & 0x03
    const byteLength = word >>> 3
    bound += type === BlockType.compressed ? BLOCK_OUTPUT_BYTES_MAX : byteLength
    at += 3 + (type === BlockType.repeated ? 1 : byteLength)
    if ((word & 1) === 1) return bound
  }
}

function contentSizeBytes(bytes: Buffer): number {
  requireBytes(bytes, 0, DESCRIPTOR + 1)
  if (bytes.readUInt32LE(0) !== FRAME_MAGIC) throw corruptBlock('it is not a zstd frame')
  const code = bytes[DESCRIPTOR]! >>> 6
  return code === 0 && isSingleSegment(bytes) ? 1 : CONTENT_SIZE_BYTES[code]!
}

function contentSizePosition(bytes: Buffer): number {
  const windowBytes = isSingleSegment(bytes) ? 0 : 1
  return DESCRIPTOR + 1 + windowBytes + DICTIONARY_ID_BYTES[bytes[DESCRIPTOR]! & 0x03]!
}

function isSingleSegment(bytes: Buffer): boolean {
  return (bytes[DESCRIPTOR]! & SINGLE_SEGMENT_FLAG) !== 0
}
