import {
  boolean,
  type ConfigDefinition,
  ConfigUpdate,
  double,
  int,
  LONG_MAX,
  list,
  long,
  string,
  accepted as withoutEffect,
} from './definition.ts'

/**
 * Every topic configuration of Apache Kafka 4.3 by its exact name, and
 * `durability`, which is ours. `synonyms` is the chain of broker keys that give
 * the default: the first that is set wins, and each is converted to the topic
 * key's unit by `factor`.
 */
export interface TopicDefinition extends ConfigDefinition {
  readonly synonyms: readonly Synonym[]
}

export interface Synonym {
  readonly name: string
  /** Multiplies the broker key's value into the topic key's unit. */
  readonly factor: number
}

const HOUR_MS = 3_600_000

function topic(
  definition: ConfigDefinition,
  ...synonyms: (string | [name: string, factor: number])[]
): TopicDefinition {
  const chain = synonyms.map((each) =>
    typeof each === 'string' ? { name: each, factor: 1 } : { name: each[0], factor: each[1] },
  )
  return { ...definition, update: ConfigUpdate.clusterWide, synonyms: chain }
}

export const topicDefinitions = {
  'cleanup.policy': topic(
    list(
      'delete',
      'What happens to old data: delete drops whole segments by age and size, compact keeps the last record of each key; both may be given.',
      { oneOf: ['compact', 'delete'], nonEmpty: true },
    ),
    'log.cleanup.policy',
  ),
  'compression.gzip.level': topic(
    int(-1, 'Level for gzip when the broker itself compresses; -1 is the library default.', {
      minimum: 1,
      maximum: 9,
      alsoLegal: -1,
      ...withoutEffect,
    }),
    'compression.gzip.level',
  ),
  'compression.lz4.level': topic(
    int(9, 'Level for lz4 when the broker itself compresses.', { minimum: 1, maximum: 17, ...withoutEffect }),
    'compression.lz4.level',
  ),
  'compression.type': topic(
    string(
      'producer',
      'Codec that Kafka would store batches in; Sluice always keeps what the client sent (producer).',
      {
        ...withoutEffect,
        oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
      },
    ),
    'compression.type',
  ),
  'compression.zstd.level': topic(
    int(3, 'Level for zstd when the broker itself compresses.', { minimum: -131072, maximum: 22, ...withoutEffect }),
    'compression.zstd.level',
  ),
  'delete.retention.ms': topic(
    long(
      86_400_000,
      'How long tombstones and transaction markers stay in a compacted topic, so that a reader that started earlier still sees them.',
      { minimum: 0, ...withoutEffect },
    ),
    'log.cleaner.delete.retention.ms',
  ),
  durability: topic(
    string(
      'always',
      'What an acknowledgement waits for: always (a sync that covers the batch), interval (the page cache, synced every flush.ms), os (the page cache). Overrides flush.ms and flush.messages at the same level. Sluice only.',
      { oneOf: ['always', 'interval', 'os'] },
    ),
    'durability',
  ),
  'file.delete.delay.ms': topic(
    long(60_000, 'Wait between taking a segment out of the log and removing its file.', { minimum: 0 }),
    'log.segment.delete.delay.ms',
  ),
  'flush.messages': topic(
    long(
      LONG_MAX,
      'The append that completes this many unsynced records waits for a sync. 1 means durability=always; the maximum, set on a topic, means durability=os.',
      { minimum: 1 },
    ),
    'log.flush.interval.messages',
  ),
  'flush.ms': topic(
    long(
      LONG_MAX,
      'Data is synced at most this long after it was written (durability=interval). The maximum, set on a topic, means durability=os.',
      { minimum: 0 },
    ),
    'log.flush.interval.ms',
    'log.flush.scheduler.interval.ms',
  ),
  'follower.replication.throttled.replicas': topic(
    list('', 'Replicas whose follower traffic is throttled; there are no followers on one machine.', withoutEffect),
  ),
  'index.interval.bytes': topic(
    int(4096, 'Bytes appended between two entries of the sparse offset and time indexes.', { minimum: 0 }),
    'log.index.interval.bytes',
  ),
  'leader.replication.throttled.replicas': topic(
    list('', 'Replicas whose leader traffic is throttled; there are no followers on one machine.', withoutEffect),
  ),
  'local.retention.bytes': topic(
    long(-2, 'Local size limit beside tiered storage, which Sluice does not have.', { minimum: -2, ...withoutEffect }),
    'log.local.retention.bytes',
  ),
  'local.retention.ms': topic(
    long(-2, 'Local age limit beside tiered storage, which Sluice does not have.', { minimum: -2, ...withoutEffect }),
    'log.local.retention.ms',
  ),
  'max.compaction.lag.ms': topic(
    long(LONG_MAX, 'A record older than this is compacted even when the log is not dirty enough otherwise.', {
      minimum: 1,
      ...withoutEffect,
    }),
    'log.cleaner.max.compaction.lag.ms',
  ),
  'max.message.bytes': topic(
    int(1_048_588, 'Largest record batch (as sent, after compression) that a producer may append.', { minimum: 0 }),
    'message.max.bytes',
  ),
  'message.timestamp.after.max.ms': topic(
    long(HOUR_MS, 'How far ahead of the broker clock a record timestamp may be under CreateTime.', { minimum: 0 }),
    'log.message.timestamp.after.max.ms',
  ),
  'message.timestamp.before.max.ms': topic(
    long(LONG_MAX, 'How far behind the broker clock a record timestamp may be under CreateTime.', { minimum: 0 }),
    'log.message.timestamp.before.max.ms',
  ),
  'message.timestamp.type': topic(
    string(
      'CreateTime',
      'Whose clock stamps records: the producer (CreateTime) or the broker at append (LogAppendTime).',
      { oneOf: ['CreateTime', 'LogAppendTime'] },
    ),
    'log.message.timestamp.type',
  ),
  'min.cleanable.dirty.ratio': topic(
    double(0.5, 'Share of a compacted log that must be uncompacted before the cleaner takes it up.', {
      minimum: 0,
      maximum: 1,
      ...withoutEffect,
    }),
    'log.cleaner.min.cleanable.ratio',
  ),
  'min.compaction.lag.ms': topic(
    long(0, 'A record younger than this is never compacted away.', { minimum: 0, ...withoutEffect }),
    'log.cleaner.min.compaction.lag.ms',
  ),
  'min.insync.replicas': topic(
    int(
      1,
      'Replicas that must have a batch before acks=all is answered. One machine has one: a larger value makes acks=all fail.',
      { minimum: 1 },
    ),
    'min.insync.replicas',
  ),
  preallocate: topic(boolean(false, 'Allocate the whole segment file on disk when it is created.'), 'log.preallocate'),
  'remote.log.copy.disable': topic(boolean(false, 'Tiered storage, which Sluice does not have.', withoutEffect)),
  'remote.log.delete.on.disable': topic(boolean(false, 'Tiered storage, which Sluice does not have.', withoutEffect)),
  'remote.storage.enable': topic(boolean(false, 'Tiered storage, which Sluice does not have.', withoutEffect)),
  'retention.bytes': topic(
    long(-1, 'Oldest segments of a partition are deleted while it is larger than this; -1 is no limit.'),
    'log.retention.bytes',
  ),
  'retention.ms': topic(
    long(7 * 24 * HOUR_MS, 'Segments whose newest record is older than this are deleted; -1 is no limit.', {
      minimum: -1,
    }),
    'log.retention.ms',
    ['log.retention.minutes', 60_000],
    ['log.retention.hours', HOUR_MS],
  ),
  'segment.bytes': topic(
    int(1_073_741_824, 'A segment file that would exceed this is closed and the next one begun.', {
      minimum: 1_048_576,
    }),
    'log.segment.bytes',
  ),
  'segment.index.bytes': topic(
    int(10_485_760, 'Largest offset index of a segment; a full index closes the segment.', { minimum: 4 }),
    'log.index.size.max.bytes',
  ),
  'segment.jitter.ms': topic(
    long(0, 'Random time taken off segment.ms, so that segments of many partitions do not roll together.', {
      minimum: 0,
    }),
    'log.roll.jitter.ms',
    ['log.roll.jitter.hours', HOUR_MS],
  ),
  'segment.ms': topic(
    long(
      7 * 24 * HOUR_MS,
      'A segment is closed this long (by record time) after its first record, so that retention can work on it.',
      { minimum: 1 },
    ),
    'log.roll.ms',
    ['log.roll.hours', HOUR_MS],
  ),
  'unclean.leader.election.enable': topic(
    boolean(false, 'Whether a replica that lags may become leader; there is one replica.', withoutEffect),
    'unclean.leader.election.enable',
  ),
} satisfies Record<string, TopicDefinition>

export type TopicConfigName = keyof typeof topicDefinitions
