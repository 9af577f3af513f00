import { randomBytes } from 'node:crypto'
import type { PartitionId, TopicId } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { isDiskError } from './disk-error.ts'
import { LogError, LogErrorCode } from './log-error.ts'

export const META_PROPERTIES = 'meta.properties'
export const CLEAN_SHUTDOWN = '.kafka_cleanshutdown'
export const LOCK_FILE = '.lock'
export const PARTITION_METADATA = 'partition.metadata'

/** Who a data directory belongs to. */
export interface DirectoryIdentity {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

/** `meta.properties`; undefined when the directory is new. */
export async function readIdentity(disk: Disk, directory: string): Promise<DirectoryIdentity | undefined> {
  const path = `${directory}/${META_PROPERTIES}`
  if ((await disk.stat(path)) === undefined) return undefined
  const values = new Map<string, string>()
  for (const line of (await disk.readFile(path)).toString('utf8').split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0 && !line.startsWith('#')) values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  const version = values.get('version') ?? '0'
  if (version !== '0' && version !== '1') {
    throw new LogError(
      LogErrorCode.newer,
      path,
      `format version ${version} is newer than this broker; use a newer release`,
    )
  }
  const clusterId = values.get('cluster.id')
  const nodeId = Number(values.get('node.id') ?? values.get('broker.id'))
  if (clusterId === undefined || !Number.isInteger(nodeId)) {
    throw new LogError(
      LogErrorCode.damaged,
      path,
      'cluster.id or node.id is missing; restore the file or use another directory',
    )
  }
  return { clusterId, nodeId, directoryId: values.get('directory.id') ?? randomId() }
}

export async function writeIdentity(disk: Disk, directory: string, identity: DirectoryIdentity): Promise<void> {
  const text = `version=1\ncluster.id=${identity.clusterId}\nnode.id=${identity.nodeId}\ndirectory.id=${identity.directoryId}\n`
  await disk.writeFileAtomic(`${directory}/${META_PROPERTIES}`, Buffer.from(text))
}

/** A random UUID as Kafka prints it, never beginning with '-' (command lines would take it for a flag). */
export function randomId(): string {
  for (;;) {
    const bytes = randomBytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}

export async function readPartitionMetadata(disk: Disk, directory: string): Promise<TopicId | undefined> {
  const path = `${directory}/${PARTITION_METADATA}`
  let text: string
  try {
    text = (await disk.readFile(path)).toString('utf8')
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return undefined
    throw error
  }
  const match = /^topic_id: (\S+)$/m.exec(text)
  return match?.[1]
}

export async function writePartitionMetadata(disk: Disk, directory: string, topicId: TopicId): Promise<void> {
  await disk.writeFileAtomic(`${directory}/${PARTITION_METADATA}`, Buffer.from(`version: 0\ntopic_id: ${topicId}`))
}

export interface PartitionDirectory {
  readonly topic: string
  readonly partition: PartitionId
}

/** `topic-partition`; undefined for anything else, `…-delete`, `…-future` and `…-stray` included. */
export function parsePartitionDirectory(name: string): PartitionDirectory | undefined {
  const match = /^([a-zA-Z0-9._-]{1,249})-(\d{1,10})$/.exec(name)
  return match === null ? undefined : { topic: match[1]!, partition: Number(match[2]) }
}

/** Left over from a deletion: `<topic>-<partition>.<32 hex>-delete`. */
export function isDeletedDirectory(name: string): boolean {
  return /\.[0-9a-f]{32}-delete$/.test(name)
}

/** No partition, and Kafka does not mind it either. */
export function isKnownDirectory(name: string): boolean {
  return name === 'lost+found' || /\.[0-9a-f]{32}-(future|stray)$/.test(name)
}

/** Base offset of a segment file with this suffix; undefined when the name is another's. */
export function parseSegmentName(name: string, suffix: string): number | undefined {
  if (name.length !== 20 + suffix.length || !name.endsWith(suffix)) return undefined
  const digits = name.slice(0, 20)
  return /^\d{20}$/.test(digits) && Number.isSafeInteger(Number(digits)) ? Number(digits) : undefined
}
