import { ioMode } from './addon.ts'
import type { Disk } from './disk.ts'
import { NativeDisk } from './native-disk.ts'
import { nativeRuntime } from './native-runtime.ts'
import { PortableDisk } from './portable-disk.ts'

export interface OpenDiskOptions {
  /** `auto` (the default) is native where the addon loads. `native` throws where it does not. */
  readonly mode?: 'auto' | 'native' | 'portable'
}

/** The disk of this thread's I/O mode; `ioMode()` says which and why. */
export function openDisk(options: OpenDiskOptions = {}): Disk {
  const mode = options.mode ?? 'auto'
  const runtime = mode === 'portable' ? undefined : nativeRuntime()
  if (runtime !== undefined) return new NativeDisk(runtime)
  if (mode === 'native') throw new Error(`native I/O was asked for: ${ioMode().reason}`)
  return new PortableDisk()
}
