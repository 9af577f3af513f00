import type { RecordsAddon } from '../native/index.ts'
import type { Slab } from '../native/slab.ts'
import { crc32c } from './crc32c.ts'

/** CRC-32C of bytes of a slab, as a signed 32-bit number. A slab is named by its id natively, so no object crosses. */
export type BatchChecksum = (slab: Slab, position: number, byteLength: number) => number

/** Pass the addon where the slabs are the addon's, undefined in portable mode. */
export function createBatchChecksum(addon: RecordsAddon | undefined): BatchChecksum {
  if (addon === undefined) return (slab, position, byteLength) => crc32c(slab.bytes, position, position + byteLength)
  return (slab, position, byteLength) => addon.slabCrc32c(slab.id, position, byteLength)
}
