import type { Disk } from './disk.ts'
import { nativeRuntime } from './native-runtime.ts'
import { NativeTransport } from './native-transport.ts'
import { PortableTransport } from './portable-transport.ts'
import type { Transport, TransportOptions } from './transport.ts'

/** A transport whose frames lie in the disk's slabs, so that what arrives can be written without a copy. */
export function openTransport(options: TransportOptions, disk: Disk): Transport {
  const runtime = disk.kind === 'native' ? nativeRuntime() : undefined
  return runtime === undefined ? new PortableTransport(options, disk.slabs) : new NativeTransport(options, runtime)
}
