/** A data directory, checkpoint or log that cannot be used as it is: what, why, and what to do, in one message. */
export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode
  readonly path: string
  constructor(code: LogErrorCode, path: string, message: string) {
    super(`${path}: ${message}`)
    this.code = code
    this.path = path
  }
}

export const LogErrorCode = {
  /** Another process holds `.lock`. */
  locked: 'LOCKED',
  /** Not a Kafka data directory, or another cluster's or node's. */
  foreign: 'FOREIGN',
  /** Written by a newer version. */
  newer: 'NEWER',
  /** A file that cannot be rebuilt is damaged. */
  damaged: 'DAMAGED',
  /** Bytes of a log could not be written. */
  writeFailed: 'WRITE_FAILED',
  /** The log has failed or is closed. */
  failed: 'FAILED',
} as const
export type LogErrorCode = (typeof LogErrorCode)[keyof typeof LogErrorCode]
