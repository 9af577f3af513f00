import { batchHeader } from '../records/index.ts'
import type { FileCache } from './file-cache.ts'
import { visitBatches } from './log-lookup.ts'
import { Segment } from './segment.ts'

/** Makes both indexes of a segment anew from the headers of its batches. The segment's size and damage are taken as they are. */
export async function rebuildIndexes(files: FileCache, segment: Segment, indexIntervalBytes: number): Promise<void> {
  const twin = new Segment(segment.directory, segment.baseOffset)
  twin.startIndexes()
  // Behind damage the next batch does not lie where the last one ended.
  for (const start of [0, ...(segment.damage ?? []).map((damage) => damage.endPosition)]) {
    const end = segment.damage?.find((damage) => damage.position >= start)?.position ?? segment.size
    twin.size = start
    await visitBatches(files, segment, { start, end }, (bytes, position) => {
      const lastOffset = batchHeader.lastOffset(bytes, position)
      const byteLength = batchHeader.batchByteLength(bytes, position)
      twin.added(lastOffset, byteLength, batchHeader.maxTimestamp(bytes, position), indexIntervalBytes)
      return true
    })
  }
  twin.timeIndex!.maybeAdd(twin.maxTimestamp, twin.maxTimestampOffset)
  segment.index = twin.index
  segment.timeIndex = twin.timeIndex
  segment.indexesStored = false
  segment.maxTimestamp = twin.maxTimestamp
  segment.maxTimestampOffset = twin.maxTimestampOffset
}
