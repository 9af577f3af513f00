import type { Socket } from 'node:net'

import type { DiskFile } from './disk.ts'

const REGION_CHUNK_BYTES = 128 * 1024
/** Large answers are written in pieces, so that each write's completion shows that the peer still reads. */
const WRITE_PIECE_BYTES = 64 * 1024

interface BytesItem {
  readonly kind: 'bytes'
  readonly bytes: Buffer
}
interface RegionItem {
  readonly kind: 'region'
  readonly file: DiskFile
  readonly start: number
  readonly byteLength: number
  readonly release: () => void
  sent: number
}

/** What the owner of a PortableOutput hears. */
export interface OutputObserver {
  /** The kernel took `byteLength` bytes, `region` of a file. */
  taken(byteLength: number, region: boolean): void
  regionFailed(path: string, position: number, byteLength: number, error: string): void
}

/**
 * The ordered output of one portable connection: bytes and file regions, the
 * latter read in chunks, never more than one chunk ahead of the socket.
 * Nothing is written before `pump()`.
 */
export class PortableOutput {
  /** Bytes queued and not yet taken by the kernel. */
  pending = 0
  readonly #socket: Socket
  readonly #observer: OutputObserver
  #items: (BytesItem | RegionItem)[] = []
  #reading = false
  #dropped = false

  constructor(socket: Socket, observer: OutputObserver) {
    this.#socket = socket
    this.#observer = observer
    socket.on('drain', () => this.pump())
  }

  addBytes(bytes: Buffer): void {
    this.pending += bytes.length
    for (let start = 0; start < bytes.length; start += WRITE_PIECE_BYTES) {
      this.#items.push({ kind: 'bytes', bytes: bytes.subarray(start, start + WRITE_PIECE_BYTES) })
    }
  }

  addRegion(file: DiskFile, position: number, byteLength: number): void {
    this.pending += byteLength
    const release = file.retain?.() ?? (() => {})
    this.#items.push({ kind: 'region', file, start: position, byteLength, release, sent: 0 })
  }

  /** Writes until the socket is full or a region must be read first. */
  pump(): void {
    if (this.#reading || this.#dropped) return
    this.#socket.cork()
    while (this.#items.length > 0 && !this.#socket.writableNeedDrain) {
      const item = this.#items[0]!
      if (item.kind === 'region') {
        this.#readRegion(item)
        break
      }
      this.#items.shift()
      this.#write(item.bytes, false)
    }
    this.#socket.uncork()
  }

  /** Forgets everything: the connection is gone. */
  drop(): void {
    this.#dropped = true
    this.pending = 0
    // A region being read is released when its read settles.
    const first = this.#reading ? 1 : 0
    for (const item of this.#items.slice(first)) if (item.kind === 'region') item.release()
    this.#items.length = first
  }

  #write(bytes: Buffer, region: boolean): void {
    this.#socket.write(bytes, (error) => {
      if (error || this.#dropped) return
      this.pending -= bytes.length
      this.#observer.taken(bytes.length, region)
    })
  }

  #readRegion(item: RegionItem): void {
    const count = Math.min(REGION_CHUNK_BYTES, item.byteLength - item.sent)
    const chunk = Buffer.allocUnsafeSlow(count)
    this.#reading = true
    item.file.read(item.start + item.sent, chunk, 0, count).then(
      (read) => this.#regionRead(item, chunk, read),
      (error: Error) => this.#regionFailed(item, error.message),
    )
  }

  #regionRead(item: RegionItem, chunk: Buffer, read: number): void {
    if (read < chunk.length && !this.#dropped) {
      this.#regionFailed(item, `the file ends ${chunk.length - read} bytes short`)
      return
    }
    this.#reading = false
    item.sent += read
    if (item.sent === item.byteLength || this.#dropped) {
      this.#items.shift()
      item.release()
    }
    if (this.#dropped) return
    this.#write(chunk, true)
    this.pump()
  }

  #regionFailed(item: RegionItem, error: string): void {
    this.#reading = false
    this.#items.shift()
    item.release()
    if (!this.#dropped) this.#observer.regionFailed(item.file.path, item.start, item.byteLength, error)
  }
}
