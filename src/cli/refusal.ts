import { ConfigError } from '../config/index.ts'
import { ExitCode } from './exit-code.ts'

/** Why a command did not do its work, for a person: what failed, why, and what to do about it. */
export interface Refusal {
  readonly text: string
  readonly exitCode: ExitCode
}

/** A wrong command line: what is wrong, and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Operating errors by code: why, and the fix. `{}` is replaced by what the error names. */
const SYSTEM_CAUSES: Readonly<Record<string, readonly [why: string, fix: string]>> = {
  EADDRINUSE: [
    'another process listens there',
    'Stop it ("ss -ltnp" shows who it is), or choose another port with --port',
  ],
  EADDRNOTAVAIL: ['this machine has no such address', 'Use one that "ip address" shows, or 127.0.0.1'],
  ENOTFOUND: ['the host name is not known', 'Use an address, or a name that resolves on this machine'],
  EACCES: [
    'permission denied',
    'Use a port above 1023 and a directory that this user may write, or run as another user',
  ],
  EPERM: ['permission denied', 'Use a directory that this user may write, or run as another user'],
  EROFS: ['the file system is read-only', 'Choose another directory with --log-dirs'],
  ENOSPC: ['the disk is full', 'Free some space, or choose another directory with --log-dirs'],
  EDQUOT: ['the disk quota is used up', 'Free some space, or choose another directory with --log-dirs'],
  ENOTDIR: ['a part of the path is a file', 'Choose another directory with --log-dirs'],
  EMFILE: ['the process has too many files open', 'Raise the limit with "ulimit -n 65536"'],
  EIO: ['the device failed', 'Look at the kernel log ("dmesg") before anything else'],
}

/** Errors of other rooms whose message already says what, why and the fix. */
const SELF_EXPLAINED = new Set(['LogError'])

export function explainFailure(error: unknown): Refusal {
  if (error instanceof UsageError) return { text: error.message, exitCode: ExitCode.usage }
  if (error instanceof ConfigError) return { text: configText(error), exitCode: ExitCode.usage }
  if (!(error instanceof Error)) return { text: `unexpected failure: ${String(error)}`, exitCode: ExitCode.failure }
  const cause = 'code' in error && typeof error.code === 'string' ? SYSTEM_CAUSES[error.code] : undefined
  if (cause !== undefined) {
    const [why, fix] = cause
    return { text: `${error.message}\n  why: ${why}\n  fix: ${fix}`, exitCode: ExitCode.failure }
  }
  if (SELF_EXPLAINED.has(error.name)) return { text: error.message, exitCode: ExitCode.failure }
  return { text: `unexpected failure: ${error.stack ?? error.message}`, exitCode: ExitCode.failure }
}

function configText(error: ConfigError): string {
  const problems = error.problems.map(({ what, why, fix }) => `${what}\n  why: ${why}\n  fix: ${fix}`)
  return ['the configuration cannot be used', ...problems].join('\n')
}
