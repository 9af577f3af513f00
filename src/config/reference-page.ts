import { brokerConfigNames, brokerDefinitions } from './broker-definitions.ts'
import { legalValues } from './config-value.ts'
import { type ConfigDefinition, ConfigEffect, ConfigUpdate } from './definition.ts'
import { typeName } from './explain.ts'
import { topicDefinitions } from './topic-definitions.ts'

const INTRODUCTION = `# Configuration

This page is printed by \`sluice config list --format markdown\` from the table that the broker itself reads
(\`npm run docs\` writes it anew; a test fails when it is not current).

Sluice takes Apache Kafka's configuration by its exact names and meanings. Four layers, the later wins:

1. defaults;
2. a file: \`sluice serve server.properties\`, or YAML (\`.yaml\`, \`.yml\`) with the same dotted keys;
3. environment variables as the official Kafka image maps them: \`KAFKA_\` is cut off, then \`_\` is a dot, \`__\` an
   underscore, \`___\` a dash, so \`KAFKA_LOG_RETENTION_MS\` is \`log.retention.ms\`;
4. flags: \`-X key=value\`, and the named ones (\`--listeners\`, \`--port\`, \`--log-dirs\`, \`--durability\`).

Over these come the changes that are made while the broker runs (\`kafka-configs --alter\`). Keys that nobody knows are
listed with a warning and ignored, so that existing files work. \`sluice config explain KEY\` shows the value in effect,
where it was set, and what it means.

Sluice's own keys are \`durability\` and those that begin with \`sluice.\`. What an acknowledgement means under each policy,
and how \`flush.messages\` and \`flush.ms\` relate to \`durability\`, is in [DURABILITY.md](DURABILITY.md).

Defaults are those of Apache Kafka 4.3 except: listeners are on loopback; the data directory is \`./sluice-data\`;
replication factors and their in-sync minimums are 1; socket buffers are left to the kernel; the memory for requests is
limited; an acknowledgement waits for the disk (\`durability=always\`).
`

/** The whole table as one Markdown page: used keys first, then those that are accepted without effect. */
export function configReferencePage(): string {
  const brokers = brokerConfigNames.map((name): Row => [name, brokerDefinitions[name], []])
  const topics = Object.entries(topicDefinitions).map(
    ([name, definition]): Row => [name, definition, definition.synonyms.map((synonym) => synonym.name)],
  )
  const isUsed = ([, definition]: Row) => definition.effect !== ConfigEffect.accepted
  return [
    INTRODUCTION,
    section(
      'Broker',
      'Change: S at start only, B per broker, C per broker or cluster default.',
      brokers.filter(isUsed),
    ),
    section('Topic', 'Set per topic at any time; the broker key gives the default.', topics.filter(isUsed)),
    section(
      'Broker, accepted without effect',
      ACCEPTED,
      brokers.filter((row) => !isUsed(row)),
    ),
    section(
      'Topic, accepted without effect',
      ACCEPTED,
      topics.filter((row) => !isUsed(row)),
    ),
  ].join('\n')
}

const ACCEPTED = 'Read, checked and shown, so that existing files and tools work; they change nothing in this version.'

type Row = readonly [name: string, definition: ConfigDefinition, brokerKeys: readonly string[]]

const CHANGE: Readonly<Record<ConfigUpdate, string>> = {
  [ConfigUpdate.readOnly]: 'S',
  [ConfigUpdate.perBroker]: 'B',
  [ConfigUpdate.clusterWide]: 'C',
}

function section(title: string, introduction: string, rows: readonly Row[]): string {
  const isTopic = title.startsWith('Topic')
  const head = `| key | type | default | legal values | ${isTopic ? 'broker key' : 'change'} | meaning |`
  const lines = rows.map(([name, definition, brokerKeys]) => {
    const last = isTopic ? brokerKeys.join(', ') : CHANGE[definition.update]
    const legal = legalValues(definition) ?? ''
    const value = definition.defaultText === null ? '' : `\`${definition.defaultText || ' '}\``
    return `| \`${name}\` | ${typeName(definition.type)} | ${value} | ${legal} | ${last} | ${definition.documentation} |`
  })
  return `## ${title}\n\n${introduction}\n\n${head}\n|---|---|---|---|---|---|\n${lines.join('\n')}\n`
}
