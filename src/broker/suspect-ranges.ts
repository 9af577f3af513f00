import { DiskError, type DiskFile } from '../native/index.ts'

interface SuspectRange {
  readonly path: string
  readonly position: number
  readonly end: number
}

/** More are not remembered: a disk in that state is failing, and the oldest are met again soon enough. */
const RANGES_MAX = 64
const CHUNK_BYTES = 1024 * 1024
const EIO = 5

/**
 * Ranges of segment files that could not be sent although they were promised (a
 * read error, a file that ends early). A fetch that would send from one of them
 * has to read it first: the client then gets an error, where it would otherwise
 * lose its connection in the middle of every answer.
 */
export class SuspectRanges {
  readonly #ranges: SuspectRange[] = []

  add(path: string, position: number, byteLength: number): void {
    const end = position + byteLength
    const known = this.#ranges.some((range) => range.path === path && range.position <= position && range.end >= end)
    if (known || byteLength <= 0) return
    this.#ranges.push({ path, position, end })
    if (this.#ranges.length > RANGES_MAX) this.#ranges.shift()
  }

  overlaps(path: string, position: number, byteLength: number): boolean {
    for (const range of this.#ranges) {
      if (range.position < position + byteLength && position < range.end && range.path === path) return true
    }
    return false
  }
}

/** Reads a range through; rejects with DiskError when not all of it can be read. */
export async function verifyReadable(file: DiskFile, position: number, byteLength: number): Promise<void> {
  const release = file.retain?.()
  try {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, byteLength))
    for (let done = 0; done < byteLength; done += chunk.length) {
      const wanted = Math.min(chunk.length, byteLength - done)
      const read = await file.read(position + done, chunk, 0, wanted)
      if (read < wanted) throw endsEarly(file, position + done + read)
    }
  } finally {
    release?.()
  }
}

function endsEarly(file: DiskFile, position: number): DiskError {
  const message = `the file ends at ${position}, before bytes that were written to it`
  return new DiskError({ code: 'EIO', errno: EIO, syscall: 'pread', path: file.path, message })
}
