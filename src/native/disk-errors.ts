import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { DiskError } from './disk.ts'

/** Names and messages of errno values, and the making of DiskErrors from what node:fs or the addon reports. */

const nameByErrno = new Map<number, string>()
for (const [name, errno] of Object.entries(constants.errno)) {
  // Of aliases the first is kept, as Node prints them: EAGAIN, not EWOULDBLOCK.
  if (!nameByErrno.has(errno)) nameByErrno.set(errno, name)
}
// File systems answer these, and Node has no name for them.
const LINUX_EXTRAS: readonly [number, string][] = [
  [117, 'EUCLEAN'],
  [121, 'EREMOTEIO'],
  [123, 'ENOMEDIUM'],
  [133, 'EHWPOISON'],
]
if (process.platform === 'linux') for (const [errno, name] of LINUX_EXTRAS) nameByErrno.set(errno, name)

/** ENOSPC for 28 (on Linux); `ERRNO_n` for a number without a name. */
export function errnoName(errno: number): string {
  return nameByErrno.get(errno) ?? `ERRNO_${errno}`
}

/** The positive errno of a symbolic name on this platform; EIO's for a name that it lacks. */
export function errnoOf(name: string): number {
  for (const [errno, known] of nameByErrno) if (known === name) return errno
  return constants.errno.EIO
}

export function diskError(errno: number, syscall: string, path: string): DiskError {
  const code = errnoName(errno)
  const text = getSystemErrorMap().get(-errno)?.[1]
  return new DiskError({ code, errno, syscall, path, message: text === undefined ? code : `${code}, ${text}` })
}

/** -errno of what node:fs threw. */
export function negativeErrno(error: unknown): number {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    // Windows' numbers are libuv's own; the name is what both sides share.
    const name = 'code' in error && typeof error.code === 'string' ? error.code : ''
    return process.platform === 'win32' ? -errnoOf(name) : error.errno
  }
  throw error
}

export function isDiskError(error: unknown, code: string): boolean {
  return error instanceof DiskError && error.code === code
}
