import { deflateRawSync } from 'node:zlib'
import lz4 from 'lz4-napi'
import snappy from 'snappy'
import { describe, expect, it } from 'vitest'
import { Codec, compress, decompress, RecordsErrorCode } from '../../src/records/index.ts'

const COMPRESSORS = [Codec.gzip, Codec.snappy, Codec.lz4, Codec.zstd] as const
const text = Buffer.from('the same words over and over again; '.repeat(20_000))

describe.each(COMPRESSORS)('codec %i', (codec) => {
  it('gives back what it was given', async () => {
    for (const input of [Buffer.from('x'), text, Buffer.alloc(70_000, 1), Buffer.alloc(0)]) {
      expect((await decompress(codec, await compress(codec, input), 1_000_000)).equals(input)).toBe(true)
    }
  })

  it('allows exactly the bound, and no byte more', async () => {
    const compressed = await compress(codec, text)
    expect((await decompress(codec, compressed, text.length)).length).toBe(text.length)
    await expect(decompress(codec, compressed, text.length - 1)).rejects.toMatchObject({
      code: RecordsErrorCode.outputTooLarge,
    })
  })

  it('refuses a bomb without unpacking it', async () => {
    const bomb = await compress(codec, Buffer.alloc(100_000_000))
    expect(bomb.length).toBeLessThan(6_000_000)
    const before = process.memoryUsage().rss
    await expect(decompress(codec, bomb, 1_000_000)).rejects.toMatchObject({ code: RecordsErrorCode.outputTooLarge })
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
  })

  it('calls damage by its name', async () => {
    const compressed = await compress(codec, text)
    for (const damaged of [Buffer.alloc(0), Buffer.from('nonsense'), compressed.subarray(0, compressed.length / 2)]) {
      await expect(decompress(codec, damaged, 10_000_000)).rejects.toMatchObject({
        code: RecordsErrorCode.compressedDataCorrupt,
      })
    }
  })
})

it('gzip does not take a stream of another format', async () => {
  await expect(decompress(Codec.gzip, deflateRawSync(text), 10_000_000)).rejects.toMatchObject({
    code: RecordsErrorCode.compressedDataCorrupt,
  })
})

it('snappy without framing is read, as librdkafka and others send it', async () => {
  expect((await decompress(Codec.snappy, snappy.compressSync(text), text.length)).equals(text)).toBe(true)
})

it('lz4 frames with checksums are read', async () => {
  const framed = lz4.compressFrameSync(text, { contentChecksum: true, blockChecksums: true })
  expect((await decompress(Codec.lz4, framed, text.length)).equals(text)).toBe(true)
  framed[framed.length - 1]! ^= 1
  await expect(decompress(Codec.lz4, framed, text.length)).rejects.toMatchObject({
    code: RecordsErrorCode.compressedDataCorrupt,
  })
})

it('a level changes the size', async () => {
  for (const codec of [Codec.gzip, Codec.zstd]) {
    const mixed = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 1009},${i % 13};`).join(''))
    const [fast, small] = [await compress(codec, mixed, 1), await compress(codec, mixed, 9)]
    expect(small.length).toBeLessThan(fast.length)
  }
})
