import { cp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { LogError, type PartitionLog, ReadStatus } from '../../src/log/index.ts'
import { batchHeader, batchPositions, crc32c, RecordsError } from '../../src/records/index.ts'
import { fetch, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

/**
 * Any one file of a stopped data directory is changed; then:
 *   1. the start succeeds, or says with a LogError which file it is;
 *   2. no read hangs, throws or loops;
 *   3. a batch that is read is one that was written, or fails its checksum, which every client verifies;
 *   4. the log goes on: what is appended then is read back.
 */
let data: DataDirectory
afterEach(() => data.remove())

const config = { segmentBytes: 2_000, indexIntervalBytes: 200 }
const RECORDS = 5

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ kind: fc.constant('truncate' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('zeros' as const), at: fc.nat(), byteLength: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ kind: fc.constant('extend' as const), byteLength: fc.integer({ min: 1, max: 300 }), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('delete' as const) }),
)
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never

function mutated(bytes: Buffer, change: Mutation): Buffer {
  const copy = Buffer.from(bytes)
  if (change.kind === 'extend') return Buffer.concat([copy, Buffer.alloc(change.byteLength, change.byte)])
  if (change.kind === 'truncate') return copy.subarray(0, change.at % (copy.length + 1))
  if (change.kind === 'delete' || copy.length === 0) return copy
  const at = change.at % copy.length
  if (change.kind === 'flip') copy[at]! ^= 1 << change.bit
  else copy.fill(0, at, Math.min(at + change.byteLength, copy.length))
  return copy
}

/** What a batch's own bytes say for themselves: what is in front of the checksum it does not cover. */
function covered(batch: Buffer): string {
  return batch.toString('latin1', batchHeader.CRC)
}

/** Ten segments of a few batches each, cleanly stopped. Returns what the checksums of the batches cover. */
async function prepare(): Promise<Set<string>> {
  data = await DataDirectory.open()
  const { log } = await data.load(config)
  for (let batch = 0; batch < 60; batch++) {
    const fields = batch % 2 === 0 ? {} : { producerId: 5, producerEpoch: 0, baseSequence: ((batch - 1) / 2) * RECORDS }
    write(data.disk, log, recordsOf(RECORDS, { timestamp: 1_000 + 10 * batch, valueBytes: (batch * 37) % 150 }), fields)
    await settled(log)
  }
  const batches = new Set<string>()
  for (let next = 0; next < log.highWatermark; ) {
    const { bytes, nextOffset } = await fetch(log, next, { maxBytes: 1 })
    batches.add(covered(bytes))
    next = nextOffset
  }
  await data.stop()
  return batches
}

function isIntact(bytes: Buffer, position: number): boolean {
  const end = position + batchHeader.batchByteLength(bytes, position)
  return crc32c(bytes, position + batchHeader.ATTRIBUTES, end) === batchHeader.storedCrc(bytes, position)
}

async function verify(log: PartitionLog, batches: ReadonlySet<string>): Promise<void> {
  for (let offset = 0; offset < log.highWatermark; offset += RECORDS) {
    const { status, bytes, nextOffset } = await fetch(log, offset, { maxBytes: 1 })
    if (status === ReadStatus.corrupt || status === ReadStatus.outOfRange || status === ReadStatus.storageError)
      continue
    expect(status).toBe(ReadStatus.ok)
    expect(nextOffset).toBeGreaterThan(offset)
    for (const position of batchPositions(bytes)) {
      if (!isIntact(bytes, position)) continue
      const size = batchHeader.batchByteLength(bytes, position)
      expect(batches.has(covered(bytes.subarray(position, position + size)))).toBe(true)
    }
  }
  // A lookup that lands on a damaged batch says so.
  for (const lookup of [
    log.offsetForTimestamp(1_300, log.highWatermark),
    log.offsetOfMaxTimestamp(log.highWatermark),
  ]) {
    await lookup.catch((error: unknown) => expect(error).toBeInstanceOf(RecordsError))
  }
}

test('one changed file costs at most what it held', { timeout: 60_000 }, async () => {
  const batches = await prepare()
  const sound = data.directory
  const files = (await readdir(sound, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const names = files.map((entry) => path.relative(sound, path.join(entry.parentPath, entry.name))).sort()
  const kept = names.filter((name) => name !== '.lock' && name !== '.kafka_cleanshutdown')
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), mutation, fc.boolean(), async (pick, change, isClean) => {
      const directory = path.join(path.dirname(sound), `mutated-${run++}`)
      await cp(sound, directory, { recursive: true })
      const file = path.join(directory, kept[pick % kept.length]!)
      if (change.kind === 'delete') await unlink(file)
      else await writeFile(file, mutated(await readFile(file), change))
      if (!isClean) await unlink(path.join(directory, '.kafka_cleanshutdown'))
      data.directory = directory
      try {
        await data.start()
      } catch (error) {
        expect(error).toBeInstanceOf(LogError)
        return
      }
      try {
        const log = await data.load(config).then(
          (loaded) => loaded.log,
          (error: unknown) => {
            expect(error).toBeInstanceOf(LogError)
            return undefined
          },
        )
        if (log === undefined) return
        await verify(log, batches)
        const offset = write(data.disk, log, recordsOf(RECORDS))
        await settled(log)
        expect(log.failure).toBeUndefined()
        const { bytes } = await fetch(log, offset, { maxBytes: 1 })
        expect(batchHeader.baseOffset(bytes, 0)).toBe(offset)
      } finally {
        await data.stop()
        await rm(directory, { recursive: true })
      }
    }),
    { numRuns: 80, interruptAfterTimeLimit: 45_000 },
  )
  data.directory = sound
  await data.start()
})
