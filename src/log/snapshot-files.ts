import type { Offset } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { parseSegmentName } from './data-directory.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import type { ProducerStates } from './producer-states.ts'
import { segmentName } from './segment.ts'

/** As Kafka: the newest two are kept, the older ones are of no more use. */
const KEPT = 2

/** Writes the producer state as of `offset`; a partition without producers gets none unless one would be missed. */
export async function storeSnapshot(
  disk: Disk,
  directory: string,
  offset: Offset,
  states: ProducerStates,
): Promise<void> {
  if (states.entries.size === 0) return
  await disk.writeFileAtomic(`${directory}/${segmentName(offset)}.snapshot`, encodeProducerSnapshot(states.entries))
  const offsets = await snapshotOffsets(disk, directory)
  for (const old of offsets.slice(0, -KEPT)) await disk.unlink(`${directory}/${segmentName(old)}.snapshot`)
}

/** Loads the newest intact snapshot at or below `end`; damaged and later ones are removed. Returns its offset, or undefined. */
export async function loadSnapshot(
  disk: Disk,
  directory: string,
  names: readonly string[],
  end: Offset,
  states: ProducerStates,
): Promise<Offset | undefined> {
  const offsets = offsetsOf(names).reverse()
  for (const offset of offsets) {
    const path = `${directory}/${segmentName(offset)}.snapshot`
    const entries = offset > end ? undefined : decodeProducerSnapshot(await disk.readFile(path))
    if (entries !== undefined) {
      states.reset(entries)
      return offset
    }
    await disk.unlink(path)
  }
  states.reset([])
  return undefined
}

async function snapshotOffsets(disk: Disk, directory: string): Promise<Offset[]> {
  return offsetsOf((await disk.readdir(directory)).map((entry) => entry.name))
}

function offsetsOf(names: readonly string[]): Offset[] {
  const offsets: Offset[] = []
  for (const name of names) {
    const offset = parseSegmentName(name, '.snapshot')
    if (offset !== undefined) offsets.push(offset)
  }
  return offsets.sort((left, right) => left - right)
}
