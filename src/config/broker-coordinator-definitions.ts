import {
  accepted,
  boolean,
  type ConfigDefinition,
  ConfigEffect,
  clusterWide,
  int,
  list,
  long,
  short,
  string,
} from './definition.ts'

const fixed = { effect: ConfigEffect.fixed } as const

/** Broker-wide configurations of consumer groups, committed offsets, transactions and share groups: Kafka's exact names. */
export const brokerCoordinatorDefinitions = {
  'offsets.topic.replication.factor': short(
    1,
    'Replicas of the topic that holds committed offsets. Always 1 on one machine.',
    fixed,
  ),
  'offsets.topic.num.partitions': int(
    50,
    'Partitions of the topic that holds committed offsets; not to be changed later.',
    { minimum: 1, ...accepted },
  ),
  'offsets.topic.segment.bytes': int(104_857_600, 'Segment size of the topic that holds committed offsets.', {
    minimum: 1,
    ...accepted,
  }),
  'offsets.topic.compression.codec': int(0, 'Codec number for offset records.', accepted),
  'offsets.retention.minutes': int(10_080, 'Committed offsets of a group that has been empty this long are dropped.', {
    minimum: 1,
    ...accepted,
  }),
  'offsets.retention.check.interval.ms': long(600_000, 'How often expired offsets are looked for.', {
    minimum: 1,
    ...accepted,
  }),
  'offsets.commit.timeout.ms': int(5000, 'Longest wait of an offset commit.', { minimum: 1, ...accepted }),
  'offsets.load.buffer.size': int(5_242_880, 'Read size while offsets are loaded.', { minimum: 1, ...accepted }),
  'group.initial.rebalance.delay.ms': int(
    3000,
    'Wait for more members before the first rebalance of an empty group.',
    accepted,
  ),
  'group.min.session.timeout.ms': int(6000, 'Shortest session timeout a classic group member may ask for.', accepted),
  'group.max.session.timeout.ms': int(
    1_800_000,
    'Longest session timeout a classic group member may ask for.',
    accepted,
  ),
  'group.coordinator.rebalance.protocols': list('classic,consumer,streams', 'Group protocols offered.', {
    oneOf: ['consumer', 'classic', 'share', 'streams'],
    ...accepted,
  }),
  'group.coordinator.threads': int(4, 'Kafka threads of the group coordinator.', { minimum: 1, ...accepted }),
  'group.coordinator.append.linger.ms': int(-1, 'How long the coordinator waits to batch its records.', {
    minimum: -1,
    ...accepted,
  }),
  'group.consumer.session.timeout.ms': int(45_000, 'Session timeout of members of the consumer protocol.', {
    minimum: 1,
    ...accepted,
  }),
  'group.consumer.min.session.timeout.ms': int(45_000, 'Lower limit for it.', { minimum: 1, ...accepted }),
  'group.consumer.max.session.timeout.ms': int(60_000, 'Upper limit for it.', { minimum: 1, ...accepted }),
  'group.consumer.heartbeat.interval.ms': int(5000, 'Heartbeat interval of members of the consumer protocol.', {
    minimum: 1,
    ...accepted,
  }),
  'group.consumer.min.heartbeat.interval.ms': int(5000, 'Lower limit for it.', { minimum: 1, ...accepted }),
  'group.consumer.max.heartbeat.interval.ms': int(15_000, 'Upper limit for it.', { minimum: 1, ...accepted }),
  'group.consumer.max.size': int(2_147_483_647, 'Members that a group of the consumer protocol may have.', {
    minimum: 1,
    ...accepted,
  }),
  'group.consumer.assignors': list(
    'uniform,range',
    'Assignors of the consumer protocol, the first is the default.',
    accepted,
  ),
  'group.consumer.migration.policy': string(
    'bidirectional',
    'Whether groups may change between the classic and the consumer protocol.',
    { oneOf: ['DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL'], ignoreCase: true, ...accepted },
  ),
  'group.share.session.timeout.ms': int(45_000, 'Session timeout of share group members.', { minimum: 1, ...accepted }),
  'group.share.min.session.timeout.ms': int(45_000, 'Lower limit for it.', { minimum: 1, ...accepted }),
  'group.share.max.session.timeout.ms': int(60_000, 'Upper limit for it.', { minimum: 1, ...accepted }),
  'group.share.heartbeat.interval.ms': int(5000, 'Heartbeat interval of share group members.', {
    minimum: 1,
    ...accepted,
  }),
  'group.share.min.heartbeat.interval.ms': int(5000, 'Lower limit for it.', { minimum: 1, ...accepted }),
  'group.share.max.heartbeat.interval.ms': int(15_000, 'Upper limit for it.', { minimum: 1, ...accepted }),
  'group.share.max.size': int(200, 'Members that a share group may have.', { minimum: 1, maximum: 1000, ...accepted }),
  'group.share.record.lock.duration.ms': int(30_000, 'How long a share group member holds a record.', {
    minimum: 1000,
    maximum: 3_600_000,
    ...accepted,
  }),
  'group.share.delivery.count.limit': int(5, 'Deliveries of a record to a share group before it is given up.', {
    minimum: 2,
    maximum: 10,
    ...accepted,
  }),
  'group.share.partition.max.record.locks': int(2000, 'Records of a partition that a share group may hold.', {
    minimum: 100,
    maximum: 10_000,
    ...accepted,
  }),
  'share.coordinator.state.topic.replication.factor': short(
    1,
    'Replicas of the share group state topic. Always 1 on one machine.',
    fixed,
  ),
  'share.coordinator.state.topic.min.isr': short(1, 'In-sync replicas it needs. Always 1 on one machine.', fixed),
  'share.coordinator.state.topic.num.partitions': int(50, 'Partitions of the share group state topic.', {
    minimum: 1,
    ...accepted,
  }),
  'transaction.state.log.replication.factor': short(
    1,
    'Replicas of the topic that holds transactions. Always 1 on one machine.',
    fixed,
  ),
  'transaction.state.log.min.isr': int(1, 'In-sync replicas it needs. Always 1 on one machine.', fixed),
  'transaction.state.log.num.partitions': int(
    50,
    'Partitions of the topic that holds transactions; not to be changed later.',
    { minimum: 1, ...accepted },
  ),
  'transaction.state.log.segment.bytes': int(104_857_600, 'Segment size of the topic that holds transactions.', {
    minimum: 1,
    ...accepted,
  }),
  'transaction.state.log.load.buffer.size': int(5_242_880, 'Read size while transactions are loaded.', {
    minimum: 1,
    ...accepted,
  }),
  'transaction.max.timeout.ms': int(900_000, 'Longest transaction timeout a client may ask for.', {
    minimum: 1,
    ...accepted,
  }),
  'transactional.id.expiration.ms': int(604_800_000, 'A transactional id that has been silent this long is dropped.', {
    minimum: 1,
    ...accepted,
  }),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(
    10_000,
    'How often transactions that timed out are aborted.',
    { minimum: 1, ...accepted },
  ),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(
    3_600_000,
    'How often expired transactional ids are dropped.',
    { minimum: 1, ...accepted },
  ),
  'transaction.partition.verification.enable': boolean(
    true,
    'Check that a partition is part of the transaction that writes to it.',
    { ...clusterWide, ...accepted },
  ),
  'transaction.two.phase.commit.enable': boolean(
    false,
    'Two-phase commit of transactions with an outside coordinator.',
    accepted,
  ),
} satisfies Record<string, ConfigDefinition>
