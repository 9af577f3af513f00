import { DiskError } from '../native/index.ts'

const EIO = 5

/** Is this the failure of a system call with that symbolic errno? */
export function isDiskError(error: unknown, code: string): boolean {
  return error instanceof DiskError && error.code === code
}

/** The disk is full, or a quota is: what failed may work later. */
export function isDiskFull(error: unknown): boolean {
  return isDiskError(error, 'ENOSPC') || isDiskError(error, 'EDQUOT')
}

/** Too many files are open, here or on the machine: what failed may work later. */
export function isOutOfDescriptors(error: unknown): boolean {
  return isDiskError(error, 'EMFILE') || isDiskError(error, 'ENFILE')
}

/** The positive errno of a failed call; EIO's when it has none. */
export function errnoOf(error: unknown): number {
  return error instanceof DiskError && error.errno > 0 ? error.errno : EIO
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
