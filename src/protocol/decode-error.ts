/** Bytes of a peer or a file that are not what their schema says. The connection they came from is beyond repair. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code = 'INVALID'
}
