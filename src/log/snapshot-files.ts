import type { Offset, ProducerId } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { parseSegmentName } from './data-directory.ts'
import type { ProducerEntry } from './producer-entry.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import { segmentName } from './segment.ts'

/** As Kafka: the newest two are kept, the older ones are of no more use. */
const KEPT = 2

export interface LoadedSnapshot {
  readonly offset: Offset
  readonly entries: ReadonlyMap<ProducerId, ProducerEntry>
}

/** Offsets of the snapshots among the names of a directory, oldest first. */
export function snapshotOffsets(names: readonly string[]): Offset[] {
  const offsets: Offset[] = []
  for (const name of names) {
    const offset = parseSegmentName(name, '.snapshot')
    if (offset !== undefined) offsets.push(offset)
  }
  return offsets.sort((left, right) => left - right)
}

/**
 * Writes the producer state as of `offset` (an empty one too: it says up to where nothing has to be read again), unless
 * there is one already, and drops the oldest. Not synced: a checksum tells a good one, and the log holds all of it.
 */
export async function storeSnapshot(
  disk: Disk,
  directory: string,
  offset: Offset,
  entries: ReadonlyMap<ProducerId, ProducerEntry>,
  known: Offset[],
): Promise<void> {
  if (offset <= (known.at(-1) ?? 0)) return
  await disk.writeFileAtomic(snapshotPath(directory, offset), encodeProducerSnapshot(entries), { sync: false })
  known.push(offset)
  while (known.length > KEPT) await disk.unlink(snapshotPath(directory, known.shift()!))
}

/** Loads the newest intact snapshot at or below `end`; damaged and later ones are removed, from `known` too. */
export async function loadSnapshot(
  disk: Disk,
  directory: string,
  end: Offset,
  known: Offset[],
): Promise<LoadedSnapshot | undefined> {
  for (let offset = known.at(-1); offset !== undefined; offset = known.at(-1)) {
    const path = snapshotPath(directory, offset)
    const entries = offset > end ? undefined : decodeProducerSnapshot(await disk.readFile(path))
    if (entries !== undefined) return { offset, entries }
    await disk.unlink(path)
    known.pop()
  }
  return undefined
}

function snapshotPath(directory: string, offset: Offset): string {
  return `${directory}/${segmentName(offset)}.snapshot`
}
