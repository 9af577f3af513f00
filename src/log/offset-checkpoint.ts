import type { Offset } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { checkpointNumber, readCheckpoint, writeCheckpoint } from './checkpoint-text.ts'

/** The four files in the root of the data directory that hold an offset per partition. */
export const CheckpointFile = {
  recoveryPoint: 'recovery-point-offset-checkpoint',
  logStart: 'log-start-offset-checkpoint',
  highWatermark: 'replication-offset-checkpoint',
  cleaner: 'cleaner-offset-checkpoint',
} as const
export type CheckpointFile = (typeof CheckpointFile)[keyof typeof CheckpointFile]

/** Offsets by `topic-partition`. */
export async function readOffsets(disk: Disk, directory: string, file: CheckpointFile): Promise<Map<string, Offset>> {
  const path = `${directory}/${file}`
  const entries = await readCheckpoint(disk, path, 3)
  return new Map(
    entries.map(([topic, partition, offset]) => [`${topic}-${partition}`, checkpointNumber(path, offset!)]),
  )
}

export async function writeOffsets(
  disk: Disk,
  directory: string,
  file: CheckpointFile,
  offsets: ReadonlyMap<string, Offset>,
): Promise<void> {
  const entries: (string | number)[][] = []
  for (const [name, offset] of offsets) {
    const dash = name.lastIndexOf('-')
    entries.push([name.slice(0, dash), name.slice(dash + 1), offset])
  }
  await writeCheckpoint(disk, `${directory}/${file}`, entries)
}
