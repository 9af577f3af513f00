import lz4 from 'lz4-napi'
import { checkOutputBytes, corruptBlock, requireBytes } from './compressed-input.ts'

/**
 * LZ4 in its frame format, as all Kafka clients use it for batches of format 2.
 *
 * The library decompresses frames but takes no bound on the output, and accepts a
 * frame whose end mark is missing. So a frame is measured first: its blocks'
 * sequences are walked, without copying, to learn how much they will give.
 *
 *     magic 04 22 4d 18
 *     FLG: version 01, block checksums (bit 4), content size (bit 3), content checksum (bit 2), dictionary id (bit 0)
 *     BD: block size; then content size u64 and dictionary id u32 if announced; header checksum u8
 *     blocks: size u32 (top bit: stored uncompressed), data, checksum u32 if announced; size 0 ends
 *     content checksum u32 if announced
 */
const FRAME_MAGIC = 0x184d2204
const VERSION_MASK = 0xc0
const VERSION_1 = 0x40
const BLOCK_CHECKSUM_FLAG = 0x10
const CONTENT_SIZE_FLAG = 0x08
const CONTENT_CHECKSUM_FLAG = 0x04
const DICTIONARY_FLAG = 0x01
const STORED_FLAG = 0x80000000
const MATCH_LENGTH_MIN = 4
/** A nibble of all ones says that bytes follow which add to the length. */
const LENGTH_CONTINUES = 15

export async function compressLz4(bytes: Buffer): Promise<Buffer> {
  return await lz4.compressFrame(bytes)
}

export async function decompressLz4(bytes: Buffer, maxOutputBytes: number): Promise<Buffer> {
  measureFrame(bytes, maxOutputBytes)
  return await lz4.decompressFrame(bytes)
}

/** Throws unless `bytes` begins with a whole frame that gives at most `maxOutputBytes`. Returns how much it gives. */
export function measureFrame(bytes: Buffer, maxOutputBytes: number): number {
  requireBytes(bytes, 0, 7)
  if (bytes.readUInt32LE(0) !== FRAME_MAGIC) throw corruptBlock('it is not an LZ4 frame')
  const flags = bytes[4]!
  if ((flags & VERSION_MASK) !== VERSION_1) throw corruptBlock('the version of the LZ4 frame is unknown')
  let at = 4 + 2 + 1
  if ((flags & CONTENT_SIZE_FLAG) !== 0) at += 8
  if ((flags & DICTIONARY_FLAG) !== 0) throw corruptBlock('the LZ4 frame needs a dictionary')
  const blockChecksumBytes = (flags & BLOCK_CHECKSUM_FLAG) === 0 ? 0 : 4
  let outputBytes = 0
  for (;;) {
    requireBytes(bytes, at, 4)
    const blockWord = bytes.readUInt32LE(at)
    at += 4
    if (blockWord === 0) break
    const isStored = blockWord >= STORED_FLAG
    const byteLength = isStored ? blockWord - STORED_FLAG : blockWord
    requireBytes(bytes, at, byteLength + blockChecksumBytes)
    outputBytes += isStored ? byteLength : blockOutputBytes(bytes, at, at + byteLength)
    checkOutputBytes(outputBytes, maxOutputBytes)
    at += byteLength + blockChecksumBytes
  }
  if ((flags & CONTENT_CHECKSUM_FLAG) !== 0) requireBytes(bytes, at, 4)
  return outputBytes
}

/**
 * A block is a run of sequences: a token (literal length, match length: a nibble each), the literals, then, except in
 * the last, a two-byte distance of the match.
 */
function blockOutputBytes(bytes: Buffer, start: number, end: number): number {
  let outputBytes = 0
  let at = start
  while (at < end) {
    const token = bytes[at++]!
    let literalBytes = token >>> 4
    if (literalBytes === LENGTH_CONTINUES) {
      const extension = lengthExtension(bytes, at, end)
      literalBytes += extension
      at += extensionBytes(extension)
    }
    outputBytes += literalBytes
    at += literalBytes
    if (at >= end) break
    at += 2
    let matchBytes = token & 0x0f
    if (matchBytes === LENGTH_CONTINUES) {
      const extension = lengthExtension(bytes, at, end)
      matchBytes += extension
      at += extensionBytes(extension)
    }
    outputBytes += matchBytes + MATCH_LENGTH_MIN
  }
  return outputBytes
}

/** Sum of the bytes that extend a length: as many of 255 as there are, and the first that is less. */
function lengthExtension(bytes: Buffer, position: number, end: number): number {
  let length = 0
  for (let at = position; at < end; at++) {
    length += bytes[at]!
    if (bytes[at] !== 255) return length
  }
  throw corruptBlock('a length in an LZ4 block does not end')
}

function extensionBytes(extension: number): number {
  return Math.floor(extension / 255) + 1
}
