import type { Disk } from './disk.ts'
import { NativeDisk } from './native-disk.ts'
import { nativeRuntime } from './native-runtime.ts'
import { PortableDisk } from './portable-disk.ts'
import { PortableTransport } from './portable-transport.ts'
import type { Transport, TransportOptions } from './transport.ts'

/** The disk of this thread: native where the addon is there, else on node:fs. */
export function openDisk(): Disk {
  const runtime = nativeRuntime()
  return runtime === undefined ? new PortableDisk() : new NativeDisk(runtime)
}

/** A transport whose frames lie in the disk's slabs, so that what arrives can be written without a copy. */
export function openTransport(options: TransportOptions, disk: Disk): Transport {
  return new PortableTransport(options, disk.slabs)
}
