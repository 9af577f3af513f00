/** A configuration named by an environment variable. */
export interface EnvironmentEntry {
  readonly name: string
  readonly value: string
  readonly variable: string
}

/** KAFKA_ variables that the official image uses for its scripts and the Java machine, not as configuration. */
const NOT_CONFIGURATION = new Set([
  'KAFKA_VERSION',
  'KAFKA_HEAP_OPTS',
  'KAFKA_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_HOME',
  'KAFKA_LIBS',
  'KAFKA_CLUSTER_ID',
])

/**
 * Variables as the official image maps them: KAFKA_ is cut off, then in this
 * order ___ becomes -, __ becomes _, _ becomes a dot, all in lower case. So
 * KAFKA_LOG_RETENTION_MS is log.retention.ms.
 */
export function parseEnvironment(environment: Readonly<Record<string, string | undefined>>): EnvironmentEntry[] {
  const entries: EnvironmentEntry[] = []
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('KAFKA_') || value === undefined || NOT_CONFIGURATION.has(variable)) continue
    entries.push({ name: configName(variable), value, variable })
  }
  return entries
}

function configName(variable: string): string {
  const separators: Readonly<Record<string, string>> = { ___: '-', __: '_', _: '.' }
  return variable
    .slice('KAFKA_'.length)
    .toLowerCase()
    .replace(/___|__|_/g, (run) => separators[run] ?? run)
}
