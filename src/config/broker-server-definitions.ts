import {
  accepted,
  boolean,
  type ConfigDefinition,
  ConfigEffect,
  className,
  clusterWide,
  double,
  INT_MAX,
  int,
  list,
  long,
  password,
  perBroker,
  string,
} from './definition.ts'

const security = { ...perBroker, ...accepted } as const
const ignoredDynamic = { ...clusterWide, ...accepted } as const

/** Broker-wide configurations of identity, listeners, connections, security and metrics: Kafka's exact names. */
export const brokerServerDefinitions = {
  'node.id': int(1, 'Number of this broker in the cluster; broker.id is an alias.', { minimum: 0 }),
  'broker.id': int(-1, 'Older name of node.id.'),
  'broker.rack': string(null, 'Rack or zone of the broker, shown in Metadata.'),
  'process.roles': list('broker,controller', 'Roles of the process; Sluice is always broker and controller at once.', {
    oneOf: ['broker', 'controller'],
    ...accepted,
  }),
  'controller.listener.names': list(
    null,
    'Listeners of the Kafka controller; entries of `listeners` with these names are left out.',
  ),
  'controller.quorum.voters': list('', 'Kafka controller quorum; there is none on one machine.', accepted),
  'controller.quorum.bootstrap.servers': list('', 'Kafka controller quorum; there is none on one machine.', accepted),
  'inter.broker.listener.name': string(
    null,
    'Listener that brokers would use among themselves; there is one broker.',
    accepted,
  ),
  'security.inter.broker.protocol': string('PLAINTEXT', 'Protocol between brokers; there is one broker.', {
    oneOf: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    ...accepted,
  }),
  listeners: list(
    'PLAINTEXT://127.0.0.1:9092',
    'Where to accept connections: NAME://host:port, separated by commas. IPv6 addresses in brackets; an empty host is every interface; port 0 picks a free one.',
    { nonEmpty: true },
  ),
  'advertised.listeners': list(
    null,
    'What clients are told to connect to, by listener name. Not set: the listener itself; for a wildcard the host name.',
  ),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'Security protocol of each listener name.',
  ),
  'early.start.listeners': list(
    null,
    'Listeners that open before the broker is ready; not needed with one process.',
    accepted,
  ),
  'default.replication.factor': int(
    1,
    'Replicas of a topic that is created without a count. Always 1 on one machine.',
    { effect: ConfigEffect.fixed },
  ),
  'queued.max.request.bytes': long(
    268_435_456,
    'Memory for requests being received or waiting, and for answers not yet taken. Above it producing connections are not read. -1 means this default.',
  ),
  'queued.max.requests': int(500, 'Kafka limits its request queue by count; Sluice by queued.max.request.bytes.', {
    minimum: 1,
    ...accepted,
  }),
  'socket.request.max.bytes': int(104_857_600, 'A longer request closes the connection before anything is allocated.', {
    minimum: 1,
  }),
  'socket.send.buffer.bytes': int(
    -1,
    'Send buffer of a socket (SO_SNDBUF); -1 leaves it to the kernel, which adapts it.',
  ),
  'socket.receive.buffer.bytes': int(
    -1,
    'Receive buffer of a socket (SO_RCVBUF); -1 leaves it to the kernel, which adapts it.',
  ),
  'socket.listen.backlog.size': int(50, 'Connections that may wait to be accepted.', { minimum: 1 }),
  'socket.connection.setup.timeout.ms': long(
    10_000,
    'Timeout of connections that a broker opens; there is one broker.',
    accepted,
  ),
  'socket.connection.setup.timeout.max.ms': long(
    30_000,
    'Timeout of connections that a broker opens; there is one broker.',
    accepted,
  ),
  'connections.max.idle.ms': long(600_000, 'A connection without a request for this long is closed.'),
  'connections.max.reauth.ms': long(0, 'Longest life of a SASL session before it must authenticate again.', accepted),
  'connection.failed.authentication.delay.ms': int(100, 'Wait before a failed authentication is answered.', {
    minimum: 0,
    ...accepted,
  }),
  'max.connections': int(INT_MAX, 'Connections accepted at a time.', { ...clusterWide, minimum: 0 }),
  'max.connections.per.ip': int(INT_MAX, 'Connections accepted at a time from one address.', {
    ...clusterWide,
    minimum: 0,
  }),
  'max.connections.per.ip.overrides': string('', 'Limits for single addresses, address:count.', ignoredDynamic),
  'max.connection.creation.rate': int(INT_MAX, 'Connections accepted per second.', { ...ignoredDynamic, minimum: 0 }),
  'num.network.threads': int(3, 'Kafka threads for sockets; Sluice serves them from one event loop.', {
    ...ignoredDynamic,
    minimum: 1,
  }),
  'num.io.threads': int(8, 'Kafka threads for requests; Sluice has its own I/O threads.', {
    ...ignoredDynamic,
    minimum: 1,
  }),
  'request.timeout.ms': int(30_000, 'Timeout of requests between brokers; there is one broker.', accepted),
  'controlled.shutdown.enable': boolean(
    true,
    'Kafka hands leadership over before it stops; there is nobody to hand it to.',
    accepted,
  ),
  'auto.leader.rebalance.enable': boolean(
    true,
    'Kafka moves leadership back to preferred replicas; there is one replica.',
    accepted,
  ),
  'authorizer.class.name': string('', 'Authorizer; this version has none.', accepted),
  'super.users': string(null, 'Principals that every operation is allowed to; there is no authorizer.', accepted),
  'allow.everyone.if.no.acl.found': boolean(
    false,
    'What the authorizer answers without a rule; there is no authorizer.',
    accepted,
  ),
  'principal.builder.class': className(
    'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
    'A Java class; Sluice does not run Java.',
    security,
  ),
  'sasl.enabled.mechanisms': list('GSSAPI', 'SASL mechanisms offered.', security),
  'sasl.mechanism.inter.broker.protocol': string(
    'GSSAPI',
    'SASL mechanism between brokers; there is one broker.',
    security,
  ),
  'sasl.jaas.config': password(null, 'Credentials in JAAS form.', security),
  'sasl.server.max.receive.size': int(524_288, 'Longest request while authenticating.', accepted),
  'ssl.client.auth': string('none', 'Whether clients must show a certificate.', {
    oneOf: ['required', 'requested', 'none'],
    ...security,
  }),
  'ssl.protocol': string('TLSv1.3', 'TLS version to use.', security),
  'ssl.enabled.protocols': list('TLSv1.2,TLSv1.3', 'TLS versions accepted.', security),
  'ssl.cipher.suites': list('', 'Cipher suites accepted; empty is the default set.', security),
  'ssl.keystore.type': string('JKS', 'Format of the key store.', security),
  'ssl.keystore.location': string(null, 'File with the private key and certificate.', security),
  'ssl.keystore.password': password(null, 'Password of the key store.', security),
  'ssl.keystore.key': password(null, 'Private key as PEM text.', security),
  'ssl.keystore.certificate.chain': password(null, 'Certificate chain as PEM text.', security),
  'ssl.key.password': password(null, 'Password of the private key.', security),
  'ssl.truststore.type': string('JKS', 'Format of the trust store.', security),
  'ssl.truststore.location': string(null, 'File with trusted certificates.', security),
  'ssl.truststore.password': password(null, 'Password of the trust store.', security),
  'ssl.truststore.certificates': password(null, 'Trusted certificates as PEM text.', security),
  'ssl.endpoint.identification.algorithm': string('https', 'How host names in certificates are checked.', security),
  'ssl.principal.mapping.rules': string('DEFAULT', 'How a certificate subject becomes a principal.', accepted),
  'metric.reporters': list(
    'org.apache.kafka.common.metrics.JmxReporter',
    'Java classes; Sluice does not run Java.',
    ignoredDynamic,
  ),
  'metrics.num.samples': int(2, 'Windows kept per metric.', { minimum: 1, ...accepted }),
  'metrics.recording.level': string('INFO', 'Detail of metrics.', accepted),
  'metrics.sample.window.ms': long(30_000, 'Length of a window.', { minimum: 1, ...accepted }),
  'quota.window.num': int(11, 'Windows over which client quotas are measured.', { minimum: 1, ...accepted }),
  'quota.window.size.seconds': int(1, 'Length of a quota window.', { minimum: 1, ...accepted }),
  'controller.quota.window.num': int(11, 'Windows over which the quota on topic changes is measured.', {
    minimum: 1,
    ...accepted,
  }),
  'controller.quota.window.size.seconds': int(1, 'Length of such a window.', { minimum: 1, ...accepted }),
  'replication.quota.window.num': int(11, 'Windows of the replication quota; there is one replica.', {
    minimum: 1,
    ...accepted,
  }),
  'replication.quota.window.size.seconds': int(1, 'Length of such a window.', { minimum: 1, ...accepted }),
  'remote.log.storage.system.enable': boolean(false, 'Tiered storage, which Sluice does not have.', accepted),
  'fetch.purgatory.purge.interval.requests': int(1000, 'Housekeeping of waiting fetches in Kafka.', accepted),
  'producer.purgatory.purge.interval.requests': int(1000, 'Housekeeping of waiting produces in Kafka.', accepted),
  'delete.records.purgatory.purge.interval.requests': int(1, 'Housekeeping of waiting deletions in Kafka.', accepted),
  'leader.imbalance.check.interval.seconds': long(300, 'Leadership balance; there is one broker.', {
    minimum: 1,
    ...accepted,
  }),
  'telemetry.max.bytes': int(1_048_576, 'Longest client telemetry push.', { minimum: 1, ...accepted }),
  'sasl.login.refresh.window.factor': double(0.8, 'When a token login is refreshed.', security),
} satisfies Record<string, ConfigDefinition>
