import snappy from 'snappy'
import { checkOutputBytes, corruptBlock, requireBytes } from './compressed-input.ts'

/**
 * Snappy as Kafka's Java client writes it: the "xerial" stream of snappy-java.
 *
 *     82 'S' 'N' 'A' 'P' 'P' 'Y' 00   magic, 8 bytes
 *     version i32, oldest compatible version i32 (big-endian, both 1)
 *     then until the end: compressed length i32, one raw snappy block
 *
 * Other clients send one raw snappy block without any of it; both are read.
 * A raw block begins with its uncompressed length as a little-endian base-128
 * integer, which bounds the output before anything is decompressed.
 */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_VERSION = 1
const XERIAL_HEADER_BYTES = XERIAL_MAGIC.length + 4 + 4
/** snappy-java's default block. */
const BLOCK_BYTES = 32 * 1024
const LENGTH_BYTES_MAX = 5

export async function compressSnappy(bytes: Buffer): Promise<Buffer> {
  const header = Buffer.alloc(XERIAL_HEADER_BYTES)
  XERIAL_MAGIC.copy(header)
  header.writeInt32BE(XERIAL_VERSION, XERIAL_MAGIC.length)
  header.writeInt32BE(XERIAL_VERSION, XERIAL_MAGIC.length + 4)
  const parts: Buffer[] = [header]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = await snappy.compress(bytes.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

export async function decompressSnappy(bytes: Buffer, maxOutputBytes: number): Promise<Buffer> {
  const blocks = isXerial(bytes) ? xerialBlocks(bytes) : [bytes]
  let outputBytes = 0
  for (const block of blocks) {
    outputBytes += uncompressedLength(block)
    checkOutputBytes(outputBytes, maxOutputBytes)
  }
  const parts: Buffer[] = []
  for (const block of blocks) parts.push(await decompressBlock(block))
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function isXerial(bytes: Buffer): boolean {
  return bytes.length >= XERIAL_HEADER_BYTES && bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)
}

function xerialBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  let at = XERIAL_HEADER_BYTES
  while (at < bytes.length) {
    requireBytes(bytes, at, 4)
    const length = bytes.readInt32BE(at)
    if (length < 0) throw corruptBlock('a snappy block has a negative length')
    requireBytes(bytes, at + 4, length)
    blocks.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return blocks
}

function uncompressedLength(block: Buffer): number {
  let length = 0
  for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
    requireBytes(block, index, 1)
    const byte = block[index]!
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw corruptBlock('the length of a snappy block does not end')
}

async function decompressBlock(block: Buffer): Promise<Buffer> {
  const output = await snappy.uncompress(block)
  return typeof output === 'string' ? Buffer.from(output) : output
}
