import { describe, expect, it } from 'vitest'
import { AssertionError } from '../../src/base/assert.ts'
import { openDisk } from '../../src/native/open-disk.ts'

const { slabs } = openDisk()

describe('slabs', () => {
  it.each([1, 4096, 4097, 100_000, 524_288, 524_289, 3_000_000])('holds at least %i bytes', (byteLength) => {
    const before = slabs.bytesInUse
    const slab = slabs.allocate(byteLength)
    expect(slab.bytes.length).toBeGreaterThanOrEqual(byteLength)
    expect(slab.view.byteLength).toBe(slab.bytes.length)
    expect(slabs.bytesInUse - before).toBe(slab.bytes.length)
    slab.view.setUint32(byteLength < 4 ? 0 : byteLength - 4, 0xcafef00d)
    expect(slab.bytes.includes(Buffer.from('cafef00d', 'hex'))).toBe(true)
    slab.release()
    expect(slabs.bytesInUse).toBe(before)
  })

  it('is one object for each id', () => {
    const slab = slabs.allocate(5000)
    expect(slabs.get(slab.id)).toBe(slab)
    expect(slabs.get(slab.id).bytes).toBe(slab.bytes)
    slab.release()
  })

  it('is reused only after the last release', () => {
    const slab = slabs.allocate(8192)
    slab.pin()
    slab.release()
    const other = slabs.allocate(8192)
    expect(other.id).not.toBe(slab.id)
    slab.release()
    const again = slabs.allocate(8192)
    expect(again.id).toBe(slab.id)
    other.release()
    again.release()
  })

  it('gives distinct memory to slabs that are in use together', () => {
    const held = Array.from({ length: 600 }, (_, i) => {
      const slab = slabs.allocate(4096)
      slab.bytes.fill(i % 256)
      return slab
    })
    expect(new Set(held.map((slab) => slab.id)).size).toBe(held.length)
    held.forEach((slab, i) => {
      expect(slab.bytes.every((byte) => byte === i % 256)).toBe(true)
      slab.release()
    })
  })

  it('tells when the budget is exceeded, and still allocates', () => {
    slabs.setBudget(slabs.bytesInUse + 10_000)
    const first = slabs.allocate(8192)
    expect(slabs.overBudget).toBe(false)
    const second = slabs.allocate(8192)
    expect(slabs.overBudget).toBe(true)
    second.release()
    expect(slabs.overBudget).toBe(false)
    first.release()
    slabs.setBudget(Number.MAX_SAFE_INTEGER)
  })

  it('calls one release too many a bug', () => {
    const slab = slabs.allocate(4096)
    slab.release()
    expect(() => slab.release()).toThrow(AssertionError)
  })
})
