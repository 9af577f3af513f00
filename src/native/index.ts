export { type IoMode, ioMode, loadAddon } from './addon.ts'
export type { RecordsAddon } from './addon-records.ts'
export {
  type DirectoryEntry,
  type Disk,
  DiskError,
  type DiskFile,
  type FileStat,
  type LatencySnapshot,
  type OpenFlags,
  type Residency,
} from './disk.ts'
export { openDisk } from './open-disk.ts'
export { openTransport } from './open-transport.ts'
export type { Slab, SlabPool } from './slab.ts'
export {
  type BoundAddress,
  CloseReason,
  type ConnectionInfo,
  ListenError,
  type Transport,
  type TransportCounters,
  type TransportHandler,
  type TransportOptions,
} from './transport.ts'
