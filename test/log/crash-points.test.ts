import { afterEach, expect, test } from 'vitest'
import type { LogConfig, PartitionLog } from '../../src/log/index.ts'
import { ReadStatus } from '../../src/log/index.ts'
import { encodeBatch } from '../../src/records/index.ts'
import { ALWAYS } from '../commit/fakes.ts'
import { FaultDisk } from '../support/fault-disk.ts'
import { append, decode, fetch, recordsOf, write } from './support/batches.ts'
import { DataDirectory, type LoadedLog } from './support/log-fixture.ts'

/*
 * One story (create, append, roll, checkpoint, delete records, retention, close) is told again and again; each time
 * another change of the disk is the last one that happens, or the one that fails. Invariants, after a start on a sound
 * disk with what was left:
 *   - the log opens;
 *   - every record that was acknowledged, and not deleted since, is there, once, with its own value;
 *   - records that were deleted, with an answer, do not come back;
 *   - the log takes new batches behind the last one.
 */
const CONFIG: Partial<LogConfig> = { segmentBytes: 600, indexIntervalBytes: 150, retentionBytes: 1_500 }

let data: DataDirectory
let disk: FaultDisk
afterEach(async () => {
  disk.changesMax = Number.POSITIVE_INFINITY
  await data.remove()
})

/** What the story was told about its records. */
class Ledger {
  readonly acknowledged = new Map<number, string>()
  deletedBelow = 0
  #appended = new Map<number, string>()
  #next = 0

  append(log: PartitionLog): void {
    const values = recordsOf(2).map((record) => ({ ...record, value: Buffer.from(`value ${this.#next++}`) }))
    const baseOffset = append(data.disk, log, encodeBatch(values))
    if (baseOffset < 0) return
    for (const [index, record] of values.entries()) this.#appended.set(baseOffset + index, String(record.value))
  }

  /** Everything below the high watermark was acknowledged as it was appended last. */
  note(log: PartitionLog): void {
    for (let offset = this.acknowledged.size; offset < log.highWatermark; offset++) {
      this.acknowledged.set(offset, this.#appended.get(offset)!)
    }
  }
}

async function begin(): Promise<void> {
  data = await DataDirectory.open({
    policy: ALWAYS,
    wrapDisk: (inner) => {
      disk = new FaultDisk(inner)
      return disk
    },
  })
}

async function tell(ledger: Ledger): Promise<void> {
  let loaded: LoadedLog
  try {
    loaded = await data.load(CONFIG)
  } catch {
    return
  }
  const { log } = loaded
  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    const succeeded = await work().then(
      () => true,
      () => false,
    )
    ledger.note(log)
    return succeeded
  }
  await attempt(() => log.becomeLeader(1))
  for (let turn = 0; turn < 6; turn++) {
    ledger.append(log)
    ledger.append(log)
    log.flush()
    await attempt(() => log.sync())
    if (turn === 2) await attempt(() => data.manager.checkpoint())
    const offset = Math.min(5, log.highWatermark)
    if (turn === 3 && (await attempt(() => log.deleteRecordsBefore(offset)))) ledger.deletedBelow = offset
  }
  await attempt(() => log.applyRetention(2_000))
  await attempt(() => data.stop())
}

async function expectKept(ledger: Ledger): Promise<void> {
  await data.crash()
  const { log } = await data.load(CONFIG)
  const found = new Map<number, string>()
  for (let next = log.logStartOffset; next < log.logEndOffset; ) {
    const { status, bytes, nextOffset } = await fetch(log, next)
    expect([next, status]).toEqual([next, ReadStatus.ok])
    for (const { offset, value } of decode(bytes)) if (offset >= next) found.set(offset, value)
    expect(nextOffset).toBeGreaterThan(next)
    next = nextOffset
  }
  expect(log.logStartOffset).toBeGreaterThanOrEqual(ledger.deletedBelow)
  expect(log.logEndOffset).toBeGreaterThanOrEqual(ledger.acknowledged.size)
  for (const [offset, value] of ledger.acknowledged) {
    if (offset >= log.logStartOffset) expect([offset, found.get(offset)]).toEqual([offset, value])
  }
  const end = log.logEndOffset
  expect(write(data.disk, log, recordsOf(1))).toBe(end)
  await log.sync()
  expect(log.highWatermark).toBe(end + 1)
}

/** How many changes the story makes when nothing goes wrong. */
async function countChanges(): Promise<number> {
  await begin()
  const before = disk.changes
  const ledger = new Ledger()
  await tell(ledger)
  const { changes } = disk
  expect(ledger.acknowledged.size).toBe(24)
  expect(ledger.deletedBelow).toBe(5)
  await expectKept(ledger)
  await data.remove()
  return changes - before
}

test('whatever change of the disk is the last before a crash, what was acknowledged is kept', async () => {
  const changes = await countChanges()
  expect(changes).toBeGreaterThan(40)
  for (let last = 0; last < changes; last++) {
    await begin()
    disk.changesMax = disk.changes + last
    const ledger = new Ledger()
    await tell(ledger)
    const story = disk
    await expectKept(ledger)
    story.changesMax = Number.POSITIVE_INFINITY
    if (last + 1 < changes) await data.remove()
  }
}, 120_000)

test('whatever change of the disk fails, once, what was acknowledged is kept', async () => {
  const changes = await countChanges()
  for (let nth = 0; nth < changes; nth++) {
    await begin()
    disk.failChange(disk.changes + nth + 1, nth % 2 === 0 ? 'ENOSPC' : 'EIO')
    const ledger = new Ledger()
    await tell(ledger)
    await expectKept(ledger)
    if (nth + 1 < changes) await data.remove()
  }
}, 120_000)
