import type { Disk } from './disk.ts'
import { PortableTransport } from './portable-transport.ts'
import type { Transport, TransportOptions } from './transport.ts'

/** A transport whose frames lie in the disk's slabs, so that what arrives can be written without a copy. */
export function openTransport(options: TransportOptions, disk: Disk): Transport {
  return new PortableTransport(options, disk.slabs)
}
