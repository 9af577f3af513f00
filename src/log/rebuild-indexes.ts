import { batchHeader } from '../records/index.ts'
import type { FileCache } from './file-cache.ts'
import { visitBatches } from './log-lookup.ts'
import { Segment } from './segment.ts'

/** Makes both indexes of a segment anew from its batches. The segment's size is taken as it is. */
export async function rebuildIndexes(files: FileCache, segment: Segment, indexIntervalBytes: number): Promise<void> {
  const twin = new Segment(segment.directory, segment.baseOffset)
  twin.startIndexes()
  await visitBatches(files, segment, { position: 0, end: segment.size }, (bytes, position) => {
    const lastOffset = batchHeader.lastOffset(bytes, position)
    const byteLength = batchHeader.batchByteLength(bytes, position)
    twin.added(lastOffset, byteLength, batchHeader.maxTimestamp(bytes, position), indexIntervalBytes)
    return true
  })
  segment.index = twin.index
  segment.timeIndex = twin.timeIndex
  segment.maxTimestamp = twin.maxTimestamp
  segment.maxTimestampOffset = twin.maxTimestampOffset
}
