import type { Disk } from '../native/disk.ts'
import {
  type DirectoryIdentity,
  LOCK_FILE,
  META_PROPERTIES,
  randomId,
  readIdentity,
  writeIdentity,
} from './data-directory.ts'
import { LogError, LogErrorCode } from './log-error.ts'

export interface ExpectedIdentity {
  readonly nodeId: number
  /** Any, when not given. */
  readonly clusterId?: string
}

/** Reads whose a data directory is, or makes an empty one ours. Rejects with LogError when it is somebody else's. */
export async function claimDirectory(
  disk: Disk,
  directory: string,
  expected: ExpectedIdentity,
): Promise<DirectoryIdentity> {
  const known = await readIdentity(disk, directory)
  if (known !== undefined) {
    checkIdentity(directory, known, expected)
    return known
  }
  await refuseForeignFiles(disk, directory)
  const identity = {
    clusterId: expected.clusterId ?? randomId(),
    nodeId: expected.nodeId,
    directoryId: randomId(),
  }
  await writeIdentity(disk, directory, identity)
  return identity
}

/** Without meta.properties a directory with content is somebody's home or project: nothing is written into it. */
async function refuseForeignFiles(disk: Disk, directory: string): Promise<void> {
  const foreign: string[] = []
  for (const { name } of await disk.readdir(directory)) {
    const isOurs = name.startsWith(LOCK_FILE) || name === 'lost+found' || name === `${META_PROPERTIES}.tmp`
    if (!isOurs) foreign.push(`"${name}"`)
  }
  if (foreign.length === 0) return
  const listed = foreign.slice(0, 3).join(', ') + (foreign.length > 3 ? ` and ${foreign.length - 3} more` : '')
  throw new LogError(
    LogErrorCode.foreign,
    directory,
    `this is not a data directory: it has no ${META_PROPERTIES} but holds ${listed}; ` +
      'choose an empty directory with --log-dirs',
  )
}

function checkIdentity(directory: string, identity: DirectoryIdentity, expected: ExpectedIdentity): void {
  if (identity.nodeId !== expected.nodeId) {
    throw new LogError(
      LogErrorCode.foreign,
      directory,
      `the data directory belongs to node ${identity.nodeId}, this broker is node ${expected.nodeId}; ` +
        `set node.id=${identity.nodeId} or choose another directory`,
    )
  }
  if (expected.clusterId !== undefined && expected.clusterId !== identity.clusterId) {
    throw new LogError(
      LogErrorCode.foreign,
      directory,
      `the data directory belongs to cluster ${identity.clusterId}, not ${expected.clusterId}; ` +
        'choose another directory',
    )
  }
}
