import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { Codec } from './batch-header.ts'
import { compressLz4, decompressLz4 } from './lz4-frame.ts'
import { RecordsError, RecordsErrorCode } from './records-error.ts'
import { compressSnappy, decompressSnappy } from './snappy-xerial.ts'
import { compressZstd, decompressZstd } from './zstd.ts'

/**
 * Compresses and decompresses record sections as Kafka's clients do. Work is
 * done off the event loop, but for zstd on a Node without it in node:zlib (see
 * zstd.ts). Decompression never yields, and never allocates much, more than the
 * bytes that the caller allows: a small batch can announce, or contain, gigabytes.
 */
const gzipAsync = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip)
const gunzipAsync = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gunzip)

/** `level` is the codec's own; absent is its default. Snappy has none. */
export async function compress(codec: Codec, bytes: Buffer, level?: number): Promise<Buffer> {
  switch (codec) {
    case Codec.none:
      return bytes
    case Codec.gzip:
      return await gzipAsync(bytes, level === undefined ? {} : { level })
    case Codec.snappy:
      return await compressSnappy(bytes)
    case Codec.lz4:
      return await compressLz4(bytes)
    case Codec.zstd:
      return await compressZstd(bytes, level)
  }
}

/** Rejects with RecordsError: COMPRESSED_OUTPUT_TOO_LARGE beyond `maxOutputBytes`, else COMPRESSED_DATA_CORRUPT. */
export async function decompress(codec: Codec, bytes: Buffer, maxOutputBytes: number): Promise<Buffer> {
  try {
    return await decompressUnwrapped(codec, bytes, maxOutputBytes)
  } catch (error) {
    if (error instanceof RecordsError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw outputTooLarge(maxOutputBytes)
    }
    throw new RecordsError(RecordsErrorCode.compressedDataCorrupt, 'the records do not decompress', { cause: error })
  }
}

async function decompressUnwrapped(codec: Codec, bytes: Buffer, maxOutputBytes: number): Promise<Buffer> {
  switch (codec) {
    case Codec.none:
      if (bytes.length > maxOutputBytes) throw outputTooLarge(maxOutputBytes)
      return bytes
    case Codec.gzip:
      return await gunzipAsync(bytes, { maxOutputLength: maxOutputBytes })
    case Codec.snappy:
      return await decompressSnappy(bytes, maxOutputBytes)
    case Codec.lz4:
      return await decompressLz4(bytes, maxOutputBytes)
    case Codec.zstd:
      return await decompressZstd(bytes, maxOutputBytes)
  }
}

function outputTooLarge(maxOutputBytes: number): RecordsError {
  return new RecordsError(
    RecordsErrorCode.outputTooLarge,
    `decompressing the records gives more than ${maxOutputBytes} bytes`,
  )
}
