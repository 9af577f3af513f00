import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { assert } from '../base/assert.ts'
import { checkOutputBytes } from './compressed-input.ts'
import { contentSize, outputBytesBound } from './zstd-frame.ts'

/**
 * Zstandard: node:zlib's where this Node has it (22.15, 23.8 and later: off the
 * event loop), else a WebAssembly build loaded at first use, which runs on the
 * event loop: 1 MB takes about 6 ms to decompress, so a caller's bound on the
 * output bounds the stall too.
 */
const DEFAULT_LEVEL = 3

interface ZstdImplementation {
  compress(bytes: Buffer, level: number): Promise<Buffer>
  decompress(bytes: Buffer, maxOutputBytes: number): Promise<Buffer>
}

let implementation: Promise<ZstdImplementation> | undefined

function zstd(): Promise<ZstdImplementation> {
  implementation ??= nodeZstd() ?? wasmZstd()
  return implementation
}

export async function compressZstd(bytes: Buffer, level: number = DEFAULT_LEVEL): Promise<Buffer> {
  return await (await zstd()).compress(bytes, level)
}

export async function decompressZstd(bytes: Buffer, maxOutputBytes: number): Promise<Buffer> {
  const announced = contentSize(bytes)
  if (announced !== undefined) checkOutputBytes(announced, maxOutputBytes)
  return await (await zstd()).decompress(bytes, maxOutputBytes)
}

/** node:zlib's functions are looked up by name: the types of the oldest supported Node do not have them. */
function nodeZstd(): Promise<ZstdImplementation> | undefined {
  const compressAsync = zlibFunction('zstdCompress')
  const decompressAsync = zlibFunction('zstdDecompress')
  const levelParameter: unknown = Reflect.get(zlib.constants, 'ZSTD_c_compressionLevel')
  if (compressAsync === undefined || decompressAsync === undefined || typeof levelParameter !== 'number') {
    return undefined
  }
  return Promise.resolve({
    compress: (bytes, level) => compressAsync(bytes, { params: { [levelParameter]: level } }),
    decompress: (bytes, maxOutputBytes) => decompressAsync(bytes, { maxOutputLength: maxOutputBytes }),
  })
}

type ZlibFunction = (bytes: Buffer, options: object) => Promise<Buffer>

function zlibFunction(name: string): ZlibFunction | undefined {
  const found: unknown = Reflect.get(zlib, name)
  if (typeof found !== 'function') return undefined
  const call = promisify((bytes: Buffer, options: object, done: (error: Error | null, output?: unknown) => void) => {
    Reflect.apply(found, zlib, [bytes, options, done])
  })
  return async (bytes, options) => {
    const output = await call(bytes, options)
    assert(Buffer.isBuffer(output), `zlib.${name} returns a Buffer`)
    return output
  }
}

async function wasmZstd(): Promise<ZstdImplementation> {
  const library = await import('@bokuweb/zstd-wasm')
  await library.init()
  return {
    compress: async (bytes, level) => viewOf(library.compress(bytes, level)),
    // The library allocates what the header announces, which was checked, or else what it is told.
    decompress: async (bytes, maxOutputBytes) => {
      const bound = outputBytesBound(bytes)
      const output = library.decompress(bytes, { defaultHeapSize: Math.min(bound, maxOutputBytes) })
      return viewOf(output)
    },
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
