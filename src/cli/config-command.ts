import {
  type BrokerConfig,
  brokerConfigNames,
  brokerDefinitions,
  type ConfigExplanation,
  configReferencePage,
  explainConfig,
  similarConfig,
  topicDefinitions,
} from '../config/index.ts'
import { UsageError } from './refusal.ts'

export const ListFormat = { text: 'text', json: 'json', markdown: 'markdown' } as const
export type ListFormat = (typeof ListFormat)[keyof typeof ListFormat]

/** `sluice config explain KEY`. Throws UsageError for a key that does not exist. */
export function explainText(key: string, config: BrokerConfig): string {
  const explanations = explainConfig(key, config)
  if (explanations.length > 0) return explanations.map(explanationText).join('\n')
  const similar = similarConfig(key)
  const hint = similar === undefined ? '"sluice config list" shows all' : `did you mean ${similar}?`
  throw new UsageError(`there is no configuration key "${key}"; ${hint}`)
}

/** `sluice config list`: every key with its value in effect. */
export function listText(config: BrokerConfig, format: ListFormat): string {
  if (format === ListFormat.markdown) return configReferencePage()
  const names = new Set([...brokerConfigNames, ...Object.keys(topicDefinitions)])
  const all = [...names].sort().flatMap((name) => explainConfig(name, config))
  if (format === ListFormat.json) return `${JSON.stringify(all, null, 2)}\n`
  const scopes = {
    broker: all.filter(({ scope }) => scope === 'broker'),
    topic: all.filter(({ scope }) => scope === 'topic'),
  }
  return [
    `# broker: ${Object.keys(brokerDefinitions).length} keys`,
    ...scopes.broker.map(lineOf),
    `# topic defaults: ${scopes.topic.length} keys`,
    ...scopes.topic.map(lineOf),
    '',
  ].join('\n')
}

export const SETTING_HELP = `-X key=value sets any configuration key; it may be repeated, and wins over the environment and the file.

  sluice serve -X num.partitions=4 -X log.retention.hours=24
  sluice config list                 every key with its value
  sluice config explain KEY          value, origin and meaning of one key

The keys are Apache Kafka's own; docs/CONFIGURATION.md describes them.
`

function lineOf({ name, value, origin }: ConfigExplanation): string {
  return `${name}=${value ?? ''}${origin === 'default' ? '' : `  # ${origin}`}`
}

function explanationText(explanation: ConfigExplanation): string {
  const rows: [label: string, text: string | undefined][] = [
    ['value', explanation.value ?? '(not set)'],
    ['set by', explanation.origin],
    ['default', explanation.defaultText ?? '(not set)'],
    ['type', explanation.type],
    ['legal', explanation.legalValues],
    ['change', explanation.change],
    ['effect', explanation.effect],
    ['broker key', explanation.brokerKeys.join(', ') || undefined],
  ]
  const lines = rows.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(10)} ${text}`]))
  return [`${explanation.name} (${explanation.scope})`, `  ${explanation.documentation}`, ...lines, ''].join('\n')
}
