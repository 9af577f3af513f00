import { type Addon, loadAddon } from './addon.ts'
import { NativeJobs } from './native-jobs.ts'
import { NativeSlabPool } from './native-slabs.ts'

/**
 * What exists once for each thread because the addon's environment does: its
 * slabs and its I/O jobs. Disks and transports of one thread share them.
 */
export interface NativeRuntime {
  readonly addon: Addon
  readonly slabs: NativeSlabPool
  readonly jobs: NativeJobs
  /** Open disks; the I/O threads end with the last. */
  diskCount: number
}

let runtime: NativeRuntime | undefined

/** undefined in portable mode. */
export function nativeRuntime(): NativeRuntime | undefined {
  if (runtime !== undefined) return runtime
  const addon = loadAddon()
  if (addon === undefined) return undefined
  runtime = { addon, slabs: new NativeSlabPool(addon), jobs: new NativeJobs(addon), diskCount: 0 }
  return runtime
}
