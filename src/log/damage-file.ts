import type { Disk } from '../native/disk.ts'
import { checkpointNumber, readCheckpoint, writeCheckpoint } from './checkpoint-text.ts'
import type { Damage, Segment } from './segment.ts'

/**
 * `sluice-damage` in a partition directory: what is known to be damaged, so that a
 * restart does not serve it. The form of Kafka's checkpoint files, a line `from to
 * position end-position` for each stretch; Kafka ignores the file. There is none
 * where nothing is damaged.
 */
export const DAMAGE_FILE = 'sluice-damage'
const FIELDS = 4

/** Tells the segments what is known of them. Entries that fit no segment any more are forgotten. */
export async function loadDamage(disk: Disk, directory: string, segments: readonly Segment[]): Promise<void> {
  const path = `${directory}/${DAMAGE_FILE}`
  for (const fields of await readCheckpoint(disk, path, FIELDS)) {
    const [from, to, position, endPosition] = fields.map((field) => checkpointNumber(path, field))
    const damage = { from: from!, to: to!, position: position!, endPosition: endPosition! }
    const segment = segments.findLast((candidate) => candidate.baseOffset <= damage.from)
    if (segment === undefined || damage.endPosition > segment.size) continue
    segment.damage = [...(segment.damage ?? []), damage]
  }
}

/** Writes what is known now. */
export async function storeDamage(disk: Disk, directory: string, segments: readonly Segment[]): Promise<void> {
  const entries: Damage[] = segments.flatMap((segment) => [...(segment.damage ?? [])])
  const path = `${directory}/${DAMAGE_FILE}`
  if (entries.length === 0) return disk.unlink(path)
  const lines = entries.map((damage) => [damage.from, damage.to, damage.position, damage.endPosition])
  await writeCheckpoint(disk, path, lines)
}
