import {
  accepted,
  boolean,
  type ConfigDefinition,
  className,
  clusterWide,
  double,
  INT_MAX,
  int,
  LONG_MAX,
  list,
  long,
  string,
} from './definition.ts'

const cleaner = { ...clusterWide, ...accepted } as const

/** Broker-wide configurations of storage: Kafka's exact names, and Sluice's own for durability and validation. */
export const brokerLogDefinitions = {
  durability: string(
    'always',
    'What an acknowledgement waits for: always (a sync that covers the batch, shared by all that wait), interval (the page cache, synced every log.flush.interval.ms), os (the page cache, as Apache Kafka). Topics may override it. Sluice only.',
    { ...clusterWide, oneOf: ['always', 'interval', 'os'] },
  ),
  'sluice.validate.records': string(
    'header',
    'How much of a produced batch is checked: header (batch header, CRC, record count; keys too on compacted topics) or full (every record). Sluice only.',
    { oneOf: ['header', 'full'] },
  ),
  'log.dir': list('./sluice-data', 'The data directory, when log.dirs is not set.'),
  'log.dirs': list(null, 'The data directory. One entry: Sluice keeps all partitions on one file system.'),
  'compression.type': string(
    'producer',
    'Codec that Kafka would store batches in; Sluice always keeps what the client sent (producer).',
    { ...accepted, ...clusterWide, oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'] },
  ),
  'compression.gzip.level': int(-1, 'Level for gzip when the broker itself compresses; -1 is the library default.', {
    ...cleaner,
    minimum: 1,
    maximum: 9,
    alsoLegal: -1,
  }),
  'compression.lz4.level': int(9, 'Level for lz4 when the broker itself compresses.', {
    ...cleaner,
    minimum: 1,
    maximum: 17,
  }),
  'compression.zstd.level': int(3, 'Level for zstd when the broker itself compresses.', {
    ...cleaner,
    minimum: -131072,
    maximum: 22,
  }),
  'message.max.bytes': int(1_048_588, 'Largest record batch (as sent, after compression) that a producer may append.', {
    ...clusterWide,
    minimum: 0,
  }),
  'min.insync.replicas': int(
    1,
    'Replicas that must have a batch before acks=all is answered. One machine has one: a larger value makes acks=all fail.',
    { ...clusterWide, minimum: 1 },
  ),
  'log.cleanup.policy': list('delete', 'Default cleanup.policy of topics: delete, compact, or both.', {
    ...clusterWide,
    oneOf: ['compact', 'delete'],
    nonEmpty: true,
  }),
  'log.retention.ms': long(
    null,
    'Age limit of data in milliseconds; wins over minutes and hours. -1 is no limit.',
    clusterWide,
  ),
  'log.retention.minutes': int(null, 'Age limit of data in minutes; wins over hours.'),
  'log.retention.hours': int(168, 'Age limit of data in hours.'),
  'log.retention.bytes': long(-1, 'Size limit of each partition; -1 is no limit.', clusterWide),
  'log.retention.check.interval.ms': long(300_000, 'How often retention looks for segments to delete.', { minimum: 1 }),
  'log.segment.bytes': int(1_073_741_824, 'A segment file that would exceed this is closed and the next one begun.', {
    ...clusterWide,
    minimum: 1_048_576,
  }),
  'log.segment.delete.delay.ms': long(60_000, 'Wait between taking a segment out of the log and removing its file.', {
    ...clusterWide,
    minimum: 0,
  }),
  'log.roll.ms': long(null, 'A segment is closed this long after its first record; wins over hours.', clusterWide),
  'log.roll.hours': int(168, 'A segment is closed this many hours after its first record.', { minimum: 1 }),
  'log.roll.jitter.ms': long(null, 'Random time taken off log.roll.ms; wins over hours.', clusterWide),
  'log.roll.jitter.hours': int(0, 'Random hours taken off the roll time.', { minimum: 0 }),
  'log.index.interval.bytes': int(4096, 'Bytes appended between two entries of the sparse indexes.', {
    ...clusterWide,
    minimum: 0,
  }),
  'log.index.size.max.bytes': int(10_485_760, 'Largest offset index of a segment.', { ...clusterWide, minimum: 4 }),
  'log.preallocate': boolean(false, 'Allocate the whole segment file on disk when it is created.', clusterWide),
  'log.flush.interval.messages': long(
    LONG_MAX,
    'The append that completes this many unsynced records waits for a sync. 1 means durability=always.',
    { ...clusterWide, minimum: 1 },
  ),
  'log.flush.interval.ms': long(
    null,
    'Data is synced at most this long after it was written (durability=interval). Not set: log.flush.scheduler.interval.ms.',
    clusterWide,
  ),
  'log.flush.scheduler.interval.ms': long(LONG_MAX, 'Stands in for log.flush.interval.ms when that is not set.'),
  'log.flush.offset.checkpoint.interval.ms': int(60_000, 'How often the recovery point of each log is written.', {
    minimum: 0,
  }),
  'log.flush.start.offset.checkpoint.interval.ms': int(60_000, 'How often the start offsets of logs are written.', {
    ...accepted,
    minimum: 0,
  }),
  'log.message.timestamp.type': string(
    'CreateTime',
    'Whose clock stamps records: the producer (CreateTime) or the broker at append (LogAppendTime).',
    { ...clusterWide, oneOf: ['CreateTime', 'LogAppendTime'] },
  ),
  'log.message.timestamp.before.max.ms': long(
    LONG_MAX,
    'How far behind the broker clock a record timestamp may be under CreateTime.',
    { ...clusterWide, minimum: 0 },
  ),
  'log.message.timestamp.after.max.ms': long(
    3_600_000,
    'How far ahead of the broker clock a record timestamp may be under CreateTime.',
    { ...clusterWide, minimum: 0 },
  ),
  'log.local.retention.bytes': long(-2, 'Tiered storage, which Sluice does not have.', { ...cleaner, minimum: -2 }),
  'log.local.retention.ms': long(-2, 'Tiered storage, which Sluice does not have.', { ...cleaner, minimum: -2 }),
  'log.cleaner.enable': boolean(true, 'Whether compacted topics are cleaned.', accepted),
  'log.cleaner.threads': int(1, 'Threads that compact.', { ...cleaner, minimum: 0 }),
  'log.cleaner.backoff.ms': long(15_000, 'Pause of the cleaner when there is nothing to clean.', {
    ...cleaner,
    minimum: 0,
  }),
  'log.cleaner.dedupe.buffer.size': long(134_217_728, 'Memory for the map of keys while compacting.', cleaner),
  'log.cleaner.delete.retention.ms': long(
    86_400_000,
    'How long tombstones and transaction markers stay in compacted topics.',
    { ...cleaner, minimum: 0 },
  ),
  'log.cleaner.io.buffer.load.factor': double(0.9, 'How full the map of keys may get.', cleaner),
  'log.cleaner.io.buffer.size': int(524_288, 'Read and write buffers of the cleaner.', { ...cleaner, minimum: 0 }),
  'log.cleaner.io.max.bytes.per.second': double(
    '1.7976931348623157E308',
    'Limit on what the cleaner reads and writes.',
    cleaner,
  ),
  'log.cleaner.max.compaction.lag.ms': long(LONG_MAX, 'A record older than this is compacted in any case.', {
    ...cleaner,
    minimum: 1,
  }),
  'log.cleaner.min.cleanable.ratio': double(0.5, 'Dirty share of a log at which it is compacted.', {
    ...cleaner,
    minimum: 0,
    maximum: 1,
  }),
  'log.cleaner.min.compaction.lag.ms': long(0, 'A record younger than this is not compacted away.', {
    ...cleaner,
    minimum: 0,
  }),
  'num.recovery.threads.per.data.dir': int(2, 'Logs that are recovered at the same time after an unclean stop.', {
    ...accepted,
    ...clusterWide,
    minimum: 1,
  }),
  'metadata.log.dir': string(
    null,
    'Kafka keeps cluster metadata here; Sluice keeps it in the data directory.',
    accepted,
  ),
  'metadata.log.segment.bytes': int(1_073_741_824, 'Segment size of the metadata log.', {
    minimum: 8_388_608,
  }),
  'metadata.log.max.record.bytes.between.snapshots': long(
    20_971_520,
    'Metadata records between two snapshots, bytes.',
    { minimum: 1 },
  ),
  'metadata.max.retention.bytes': long(104_857_600, 'Metadata log and snapshots kept, bytes.', accepted),
  'metadata.max.retention.ms': long(604_800_000, 'Metadata log and snapshots kept, ms.', accepted),
  'producer.id.expiration.ms': int(
    86_400_000,
    'State of an idempotent producer that has been silent this long is dropped.',
    { ...clusterWide, minimum: 1 },
  ),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that lags may become leader; there is one replica.',
    { ...clusterWide, ...accepted },
  ),
  'background.threads': int(10, 'Kafka threads for background work; Sluice has its own I/O threads.', {
    ...cleaner,
    minimum: 1,
  }),
  'num.replica.fetchers': int(1, 'Replication threads; there is one replica.', { ...cleaner, minimum: 1 }),
  'replica.lag.time.max.ms': long(30_000, 'When a follower counts as out of sync; there is one replica.', accepted),
  'replica.fetch.max.bytes': int(1_048_576, 'Bytes per partition that a follower asks for; there is one replica.', {
    minimum: 0,
    ...accepted,
  }),
  'log.dir.failure.timeout.ms': long(30_000, 'Wait before a broker with a failed data directory stops.', {
    minimum: 1,
    ...accepted,
  }),
  'max.request.partition.size.limit': int(2000, 'Partitions that one DescribeTopicPartitions answer may hold.', {
    minimum: 1,
  }),
  'auto.create.topics.enable': boolean(true, 'Create a topic when a client asks for its metadata and allows it.'),
  'delete.topic.enable': boolean(true, 'Whether topics may be deleted.'),
  'num.partitions': int(1, 'Partitions of a topic that is created without a count.', { minimum: 1 }),
  'create.topic.policy.class.name': className(null, 'A Java class; Sluice does not run Java.', accepted),
  'alter.config.policy.class.name': className(null, 'A Java class; Sluice does not run Java.', accepted),
  'max.incremental.fetch.session.cache.slots': int(1000, 'Incremental fetch sessions kept.', { minimum: 0 }),
  'fetch.max.bytes': int(57_671_680, 'Upper limit of one Fetch answer, whatever the client asks for.', {
    minimum: 1024,
  }),
  'offset.metadata.max.bytes': int(4096, 'Longest metadata text of a committed offset.', accepted),
  'group.max.size': int(INT_MAX, 'Members that a consumer group may have.', { minimum: 1, ...accepted }),
} satisfies Record<string, ConfigDefinition>
