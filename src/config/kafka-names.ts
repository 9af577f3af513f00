/**
 * Names of Apache Kafka's broker configurations that Sluice has no use for at
 * all, so that a pasted file is told apart from a misspelt one.
 */
const unusedNames = new Set(
  `
  add.partitions.to.txn.retry.backoff.max.ms add.partitions.to.txn.retry.backoff.ms
  alter.log.dirs.replication.quota.window.num alter.log.dirs.replication.quota.window.size.seconds
  broker.heartbeat.interval.ms broker.session.timeout.ms client.quota.callback.class config.providers
  controller.performance.always.log.threshold.ms controller.performance.sample.period.ms
  controller.quorum.append.linger.ms controller.quorum.auto.join.enable controller.quorum.election.backoff.max.ms
  controller.quorum.election.timeout.ms controller.quorum.fetch.max.bytes controller.quorum.fetch.snapshot.max.bytes
  controller.quorum.fetch.timeout.ms controller.quorum.request.timeout.ms controller.quorum.retry.backoff.ms
  controller.socket.timeout.ms cordoned.log.dirs delegation.token.expiry.check.interval.ms
  delegation.token.expiry.time.ms delegation.token.max.lifetime.ms delegation.token.secret.key
  follower.fetch.last.tiered.offset.enable group.consumer.assignment.interval.ms
  group.consumer.max.assignment.interval.ms group.consumer.min.assignment.interval.ms
  group.consumer.regex.refresh.interval.ms group.coordinator.background.threads
  group.coordinator.cached.buffer.max.bytes group.share.assignment.interval.ms group.share.assignors
  group.share.initialize.retry.interval.ms group.share.max.assignment.interval.ms group.share.max.delivery.count.limit
  group.share.max.partition.max.record.locks group.share.max.record.lock.duration.ms group.share.max.share.sessions
  group.share.min.assignment.interval.ms group.share.min.delivery.count.limit
  group.share.min.partition.max.record.locks group.share.min.record.lock.duration.ms group.share.persister.class.name
  group.streams.assignment.interval.ms group.streams.heartbeat.interval.ms group.streams.initial.rebalance.delay.ms
  group.streams.max.assignment.interval.ms group.streams.max.heartbeat.interval.ms
  group.streams.max.session.timeout.ms group.streams.max.size group.streams.max.standby.replicas
  group.streams.min.assignment.interval.ms group.streams.min.heartbeat.interval.ms
  group.streams.min.session.timeout.ms group.streams.num.standby.replicas group.streams.session.timeout.ms
  initial.broker.registration.timeout.ms internal.metadata.delete.delay.millis internal.metadata.log.segment.bytes
  internal.metadata.max.batch.size.in.bytes kafka.metrics.polling.interval.secs kafka.metrics.reporters
  log.initial.task.delay.ms metadata.log.max.snapshot.interval.ms metadata.log.segment.ms
  metadata.max.idle.interval.ms num.replica.alter.log.dirs.threads producer.id.expiration.check.interval.ms
  remote.fetch.max.wait.ms remote.list.offsets.request.timeout.ms remote.log.index.file.cache.total.size.bytes
  remote.log.index.file.cache.ttl.ms remote.log.manager.copier.thread.pool.size
  remote.log.manager.copy.max.bytes.per.second remote.log.manager.copy.quota.window.num
  remote.log.manager.copy.quota.window.size.seconds remote.log.manager.expiration.thread.pool.size
  remote.log.manager.fetch.max.bytes.per.second remote.log.manager.fetch.quota.window.num
  remote.log.manager.fetch.quota.window.size.seconds remote.log.manager.follower.thread.pool.size
  remote.log.manager.task.interval.ms remote.log.manager.task.retry.backoff.max.ms
  remote.log.manager.task.retry.backoff.ms remote.log.manager.task.retry.jitter remote.log.manager.thread.pool.size
  remote.log.metadata.custom.metadata.max.bytes remote.log.metadata.manager.class.name
  remote.log.metadata.manager.class.path remote.log.metadata.manager.impl.prefix
  remote.log.metadata.manager.listener.name remote.log.reader.max.pending.tasks remote.log.reader.threads
  remote.log.storage.manager.class.name remote.log.storage.manager.class.path remote.log.storage.manager.impl.prefix
  replica.fetch.backoff.ms replica.fetch.min.bytes replica.fetch.response.max.bytes replica.fetch.wait.max.ms
  replica.high.watermark.checkpoint.interval.ms replica.selector.class replica.socket.receive.buffer.bytes
  replica.socket.timeout.ms sasl.client.callback.handler.class sasl.kerberos.kinit.cmd
  sasl.kerberos.min.time.before.relogin sasl.kerberos.principal.to.local.rules sasl.kerberos.service.name
  sasl.kerberos.ticket.renew.jitter sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class
  sasl.login.class sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
  sasl.login.refresh.min.period.seconds sasl.login.refresh.window.jitter sasl.login.retry.backoff.max.ms
  sasl.login.retry.backoff.ms sasl.mechanism.controller.protocol sasl.oauthbearer.assertion.algorithm
  sasl.oauthbearer.assertion.claim.aud sasl.oauthbearer.assertion.claim.exp.seconds
  sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.jti.include
  sasl.oauthbearer.assertion.claim.nbf.seconds sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file
  sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase
  sasl.oauthbearer.assertion.template.file sasl.oauthbearer.client.credentials.client.id
  sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.clock.skew.seconds
  sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer sasl.oauthbearer.jwks.endpoint.refresh.ms
  sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
  sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.jwt.retriever.class sasl.oauthbearer.jwt.validator.class
  sasl.oauthbearer.scope sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name
  sasl.oauthbearer.token.endpoint.url sasl.server.callback.handler.class security.providers server.max.startup.time.ms
  share.coordinator.append.linger.ms share.coordinator.cached.buffer.max.bytes
  share.coordinator.cold.partition.snapshot.interval.ms share.coordinator.load.buffer.size
  share.coordinator.snapshot.update.records.per.snapshot share.coordinator.state.topic.compression.codec
  share.coordinator.state.topic.prune.interval.ms share.coordinator.state.topic.segment.bytes
  share.coordinator.threads share.coordinator.write.timeout.ms share.fetch.purgatory.purge.interval.requests
  ssl.allow.dn.changes ssl.allow.san.changes ssl.engine.factory.class ssl.keymanager.algorithm ssl.provider
  ssl.secure.random.implementation ssl.trustmanager.algorithm unclean.leader.election.interval.ms
  unstable.api.versions.enable unstable.feature.versions.enable
`
    .trim()
    .split(/\s+/),
)

/** Names that Apache Kafka itself dropped before 4.0. */
const removedNames = new Set(
  `
  zookeeper.connect zookeeper.connection.timeout.ms zookeeper.session.timeout.ms zookeeper.set.acl
  zookeeper.max.in.flight.requests inter.broker.protocol.version log.message.format.version
  log.message.downconversion.enable log.message.timestamp.difference.max.ms broker.id.generation.enable
  reserved.broker.max.id control.plane.listener.name password.encoder.secret password.encoder.old.secret host.name
  port advertised.host.name advertised.port
`
    .trim()
    .split(/\s+/),
)

/** Whether a name means something to some version of Apache Kafka, or to a plug-in of it. */
export function isKafkaName(name: string): boolean {
  return (
    unusedNames.has(name) ||
    removedNames.has(name) ||
    /^(listener\.name|rlmm\.config|rsm\.config|config\.providers)\./.test(name)
  )
}
