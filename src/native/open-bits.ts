import type { OpenFlags } from './disk.ts'

/** open(2)'s flags on the platform at hand, as `node:fs` constants have them. */
export interface OpenConstants {
  readonly O_RDONLY: number
  readonly O_RDWR: number
  readonly O_CREAT: number
  readonly O_EXCL: number
  readonly O_TRUNC: number
}

/** `exclusive` implies `create`. */
export function openBits(flags: OpenFlags, constants: OpenConstants): number {
  let bits = flags.write === true ? constants.O_RDWR : constants.O_RDONLY
  if (flags.create === true || flags.exclusive === true) bits |= constants.O_CREAT
  if (flags.exclusive === true) bits |= constants.O_EXCL
  if (flags.truncate === true) bits |= constants.O_TRUNC
  return bits
}
