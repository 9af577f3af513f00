import type { Offset } from '../base/ids.ts'
import type { Disk } from '../native/disk.ts'
import { batchHeader } from '../records/index.ts'
import { parseSegmentName } from './data-directory.ts'

const SEGMENT_SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex']

/**
 * Finishes or takes back what a stop interrupted in a partition directory, as
 * Kafka does: `.deleted` and `.cleaned` files go; `.swap` files are the finished
 * result of a compaction, so they replace the segments that they cover, unless a
 * `.cleaned` file at or below says that the result was not complete. Returns the names that are left.
 */
export async function finishInterruptedWork(disk: Disk, directory: string, names: string[]): Promise<string[]> {
  const leftovers = names.filter((name) => /\.(deleted|cleaned|tmp)$/.test(name))
  const swaps = names.filter((name) => name.endsWith('.swap'))
  if (leftovers.length === 0 && swaps.length === 0) return names
  const cleanedFrom = Math.min(...leftovers.map((name) => (name.endsWith('.cleaned') ? baseOffsetOf(name) : Infinity)))
  const kept = new Set(names)
  const remove = async (name: string): Promise<void> => {
    await disk.unlink(`${directory}/${name}`)
    kept.delete(name)
  }
  for (const name of leftovers) await remove(name)
  for (const name of swaps) if (baseOffsetOf(name) >= cleanedFrom) await remove(name)
  const whole = swaps.filter((name) => baseOffsetOf(name) < cleanedFrom)
  for (const name of whole.filter((candidate) => candidate.endsWith('.log.swap'))) {
    const range = { from: baseOffsetOf(name), to: await endOffsetOf(disk, `${directory}/${name}`) }
    for (const covered of coveredFiles([...kept], range)) await remove(covered)
  }
  for (const name of whole) {
    const target = name.slice(0, -'.swap'.length)
    await disk.rename(`${directory}/${name}`, `${directory}/${target}`)
    kept.delete(name)
    kept.add(target)
  }
  await disk.syncDirectory(directory)
  return [...kept]
}

function baseOffsetOf(name: string): Offset {
  return Number(name.slice(0, 20))
}

/** Files of the segments that begin in the range. */
function coveredFiles(names: readonly string[], range: { from: Offset; to: Offset }): string[] {
  return names.filter((name) =>
    SEGMENT_SUFFIXES.some((suffix) => {
      const baseOffset = parseSegmentName(name, suffix)
      return baseOffset !== undefined && baseOffset >= range.from && baseOffset < range.to
    }),
  )
}

/** One past the last offset of a segment file, by hopping over headers. */
async function endOffsetOf(disk: Disk, path: string): Promise<Offset> {
  const file = await disk.open(path, {})
  try {
    const size = await file.size()
    const header = Buffer.alloc(batchHeader.BATCH_HEADER_BYTES)
    let end = 0
    for (let position = 0; position + header.length <= size; ) {
      await file.read(position, header, 0, header.length)
      end = batchHeader.lastOffset(header, 0) + 1
      position += Math.max(batchHeader.batchByteLength(header, 0), header.length)
    }
    return end
  } finally {
    file.close()
  }
}
