import type { Slab } from '../native/slab.ts'
import { crc32c } from './crc32c.ts'

/** CRC-32C of bytes of a slab, as a signed 32-bit number. A slab is named by its id natively, so no object crosses. */
export type BatchChecksum = (slab: Slab, position: number, byteLength: number) => number

/** The part of the addon that this room calls; slab ids are those of the addon's own pool. */
export interface RecordsBinding {
  slabCrc32c(slabId: number, position: number, byteLength: number): number
}

/** Pass the addon where the slabs are the addon's, undefined in portable mode. */
export function createBatchChecksum(binding: RecordsBinding | undefined): BatchChecksum {
  if (binding === undefined) return (slab, position, byteLength) => crc32c(slab.bytes, position, position + byteLength)
  return (slab, position, byteLength) => binding.slabCrc32c(slab.id, position, byteLength)
}
