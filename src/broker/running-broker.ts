import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { BrokerConfig, DurabilitySetting } from '../config/index.ts'
import type { Disk, IoMode } from '../native/index.ts'

export interface BrokerOptions {
  readonly config: BrokerConfig
  /** Silent by default. */
  readonly logger?: Logger
  readonly clock?: Clock
  /** The native disk, or the portable one, by default. Closed with the broker. */
  readonly disk?: Disk
  /** Called while partitions are opened; often during a long recovery. */
  readonly onProgress?: (progress: StartProgress) => void
}

export interface StartProgress {
  readonly partitionsDone: number
  readonly partitions: number
  /** Bytes that recovery has checked. */
  readonly bytesDone: number
}

/** What was found after an unclean stop; zeros otherwise. */
export interface RecoverySummary {
  readonly unclean: boolean
  readonly truncatedBytes: number
  readonly quarantinedRanges: number
  readonly removedSegments: number
}

export interface BoundListener {
  readonly name: string
  readonly host: string
  /** As bound: never 0. */
  readonly port: number
  readonly isWildcard: boolean
  readonly advertisedHost: string
  readonly advertisedPort: number
}

/** A broker that accepts connections. */
export interface RunningBroker {
  readonly clusterId: string
  readonly listeners: readonly BoundListener[]
  readonly ioMode: IoMode
  /** The broker's own policy; topics may override it. */
  readonly durability: DurabilitySetting
  readonly recovery: RecoverySummary
  readonly partitionCount: number
  readonly connectionCount: number
  /** Resolves when the data directory has failed for good: the broker answers errors until it is closed. */
  readonly failed: Promise<Error>
  close(): Promise<void>
}
