import { RecordsError, RecordsErrorCode } from './records-error.ts'

/** Bounds-checked reads of a compressed block's own framing; running off the end means that the block is damaged. */
export function requireBytes(bytes: Buffer, position: number, byteLength: number): void {
  if (position + byteLength > bytes.length) throw corruptBlock('it ends too early')
}

export function corruptBlock(why: string): RecordsError {
  return new RecordsError(RecordsErrorCode.compressedDataCorrupt, `a compressed block is damaged: ${why}`)
}

export function checkOutputBytes(byteLength: number, maxOutputBytes: number): void {
  if (byteLength > maxOutputBytes) {
    throw new RecordsError(
      RecordsErrorCode.outputTooLarge,
      `decompressing the records gives more than ${maxOutputBytes} bytes`,
    )
  }
}
