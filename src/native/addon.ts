import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IoAddon } from './addon-io.ts'
import type { RecordsAddon } from './addon-records.ts'
import type { SocketsAddon } from './addon-sockets.ts'

/**
 * Finds the compiled addon: a local build first, then the prebuilt binary that
 * fits platform and C library. Where there is none, or SLUICE_PORTABLE_IO=1 asks
 * for it, everything runs on the portable seams, and `ioMode()` says why.
 *
 * Looked for once in each thread; the addon's state is the thread's own.
 */
export type Addon = IoAddon & RecordsAddon & SocketsAddon

export interface IoMode {
  readonly mode: 'native' | 'portable'
  /** One sentence for the start-up message. */
  readonly reason: string
}

interface Found {
  readonly addon: Addon | undefined
  readonly mode: IoMode
}

let found: Found | undefined

/** undefined in portable mode. */
export function loadAddon(): Addon | undefined {
  return find().addon
}

export function ioMode(): IoMode {
  return find().mode
}

function find(): Found {
  found ??= search()
  return found
}

function search(): Found {
  if (process.env.SLUICE_PORTABLE_IO === '1') return portable('SLUICE_PORTABLE_IO=1 is set')
  const require = createRequire(import.meta.url)
  // The same distance from src/native and from dist/native.
  const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
  try {
    const load: (directory: string) => Addon = require('node-gyp-build')
    const addon = load(packageRoot)
    return { addon, mode: { mode: 'native', reason: `native layer for ${process.platform} ${process.arch}` } }
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return portable(
      `no native layer fits ${process.platform} ${process.arch}, Node ${process.versions.node} (${cause}); ` +
        'to build it: npm run build:native',
    )
  }
}

function portable(reason: string): Found {
  return { addon: undefined, mode: { mode: 'portable', reason } }
}
