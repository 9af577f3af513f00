import type { Offset } from '../../src/base/ids.ts'
import type { AppendedRange, MetadataLogPort } from '../../src/metadata/index.ts'

/** A metadata log in memory. `failNext` makes the next append fail; what was appended can be opened again by `reopened`. */
export class FakeMetadataLog implements MetadataLogPort {
  bytesSinceSnapshot = 0
  failNext: Error | undefined
  failSnapshot: Error | undefined
  /** Held appends wait for this. */
  gate: Promise<void> = Promise.resolve()
  readonly values: Buffer[]
  readonly batchSizes: number[] = []
  snapshot: { endOffset: Offset; values: Buffer[] } | undefined

  constructor(values: readonly Buffer[] = []) {
    this.values = [...values]
  }

  get endOffset(): Offset {
    return this.values.length
  }

  async append(values: readonly Uint8Array[]): Promise<AppendedRange> {
    await this.gate
    const failure = this.failNext
    this.failNext = undefined
    if (failure !== undefined) throw failure
    const baseOffset = this.values.length
    for (const value of values) this.values.push(Buffer.from(value))
    this.batchSizes.push(values.length)
    this.bytesSinceSnapshot += values.reduce((sum, value) => sum + value.length, 0)
    return { baseOffset, endOffset: this.values.length }
  }

  async replay(from: Offset, visit: (value: Buffer, offset: Offset) => void): Promise<void> {
    for (let offset = from; offset < this.values.length; offset++) visit(this.values[offset]!, offset)
  }

  async writeSnapshot(endOffset: Offset, values: Iterable<Uint8Array>): Promise<void> {
    if (this.failSnapshot !== undefined) throw this.failSnapshot
    this.snapshot = { endOffset, values: [...values].map((value) => Buffer.from(value)) }
    this.bytesSinceSnapshot = 0
  }

  async readSnapshot(visit: (value: Buffer) => void): Promise<Offset | undefined> {
    for (const value of this.snapshot?.values ?? []) visit(value)
    return this.snapshot?.endOffset
  }

  /** The same log after a restart. */
  reopened(): FakeMetadataLog {
    const log = new FakeMetadataLog(this.values)
    log.snapshot = this.snapshot
    return log
  }
}
