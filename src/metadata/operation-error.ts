/** Why an operation is refused: a wire error code, and what a person should read. */
export interface OperationError {
  readonly code: number
  readonly message: string | null
}

export function refuse(code: number, message: string | null): { readonly error: OperationError } {
  return { error: { code, message } }
}
