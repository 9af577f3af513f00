import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchHeader, crc32c } from '../../src/records/index.ts'
import { goldenBytes } from './golden.ts'

describe('the batch header', () => {
  const bytes = Buffer.concat([Buffer.alloc(9), goldenBytes('base offset and epoch')])

  it('is read in place', () => {
    expect(batchHeader.baseOffset(bytes, 9)).toBe(2 ** 40)
    expect(batchHeader.lastOffset(bytes, 9)).toBe(2 ** 40 + 4)
    expect(batchHeader.partitionLeaderEpoch(bytes, 9)).toBe(17)
    expect(batchHeader.magic(bytes, 9)).toBe(2)
    expect(batchHeader.batchByteLength(bytes, 9)).toBe(bytes.length - 9)
    expect(batchHeader.baseTimestamp(bytes, 9)).toBe(1_700_000_000_500)
    expect(batchHeader.maxTimestamp(bytes, 9)).toBe(1_700_000_009_999)
    expect(batchHeader.recordCount(bytes, 9)).toBe(5)
  })

  it('takes a base offset and a leader epoch without another checksum', () => {
    const copy = Buffer.from(bytes)
    batchHeader.setBaseOffset(copy, 9, 2 ** 52 + 1)
    batchHeader.setPartitionLeaderEpoch(copy, 9, 3)
    expect(batchHeader.baseOffset(copy, 9)).toBe(2 ** 52 + 1)
    expect(batchHeader.partitionLeaderEpoch(copy, 9)).toBe(3)
    expect(crc32c(copy, 9 + batchHeader.ATTRIBUTES)).toBe(batchHeader.storedCrc(copy, 9))
    expect(copy.subarray(9 + 16).equals(bytes.subarray(9 + 16))).toBe(true)
  })

  it('reads and writes every safe integer as Node does, and the rest as unsafe', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger(), (large, safe) => {
        const cell = Buffer.alloc(8)
        cell.writeBigInt64BE(large)
        const read = batchHeader.readInt64(cell, 0)
        if (Number.isSafeInteger(read)) expect(BigInt(read)).toBe(large)
        else expect(large > 2n ** 53n - 1n || large < -(2n ** 53n) + 1n).toBe(true)
        batchHeader.writeInt64(cell, 0, safe)
        expect(cell.readBigInt64BE()).toBe(BigInt(safe))
        expect(batchHeader.readInt64(cell, 0)).toBe(safe)
      }),
      {
        numRuns: 2000,
        examples: [
          [2n ** 53n, -1],
          [-(2n ** 53n), Number.MIN_SAFE_INTEGER],
          [2n ** 53n - 1n, 2 ** 32],
        ],
      },
    )
  })
})
