import { type ConfigSources, formatHost, type LoadedConfig, loadBrokerConfig, readConfigFile } from '../config/index.ts'
import { LogFormat, type LogLevel } from './logging.ts'
import { UsageError } from './refusal.ts'

/** `sluice serve` as it was typed. */
export interface ServeFlags {
  readonly listeners?: string
  readonly port?: string
  readonly logDirs?: string
  readonly durability?: string
  readonly set: readonly string[]
  readonly logLevel?: LogLevel
  readonly logFormat?: LogFormat
}

type ConfigFlag = NonNullable<ConfigSources['flags']>[number]

/** Merges file, environment and flags. Rejects with ConfigError or UsageError. */
export async function loadServeConfig(
  file: string | undefined,
  flags: ServeFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LoadedConfig> {
  const configFile = file === undefined ? undefined : await readConfigFile(file)
  const sources = { file: configFile, environment, flags: configFlags(flags) }
  const loaded = loadBrokerConfig(sources)
  if (flags.port === undefined) return loaded
  return loadBrokerConfig({ ...sources, flags: [...sources.flags, portFlag(flags.port, loaded)] })
}

/** Pretty for a person, JSON when the output goes to a file or another program. */
export function logFormatOf(flags: ServeFlags, isTerminal: boolean): LogFormat {
  return flags.logFormat ?? (isTerminal ? LogFormat.pretty : LogFormat.json)
}

/** `key=value` of -X. */
export function parseSetting(text: string): ConfigFlag {
  const separator = text.indexOf('=')
  const name = separator === -1 ? text.trim() : text.slice(0, separator).trim()
  if (separator === -1 || name === '') {
    throw new UsageError(`-X ${text}: write it as -X key=value, such as -X num.partitions=4; -X list shows all keys`)
  }
  return { name, value: text.slice(separator + 1), flag: `-X ${name}` }
}

function configFlags(flags: ServeFlags): ConfigFlag[] {
  const named = [
    { name: 'listeners', value: flags.listeners, flag: '--listeners' },
    { name: 'log.dirs', value: flags.logDirs, flag: '--log-dirs' },
    { name: 'durability', value: flags.durability, flag: '--durability' },
  ]
  const given = named.flatMap(({ name, value, flag }) => (value === undefined ? [] : [{ name, value, flag }]))
  return [...flags.set.map(parseSetting), ...given]
}

/** --port is the port of the one listener there is, wherever that was set. */
function portFlag(port: string, { config }: LoadedConfig): ConfigFlag {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`--port ${port}: a port is a number from 0 to 65535; 0 picks a free one`)
  }
  const [listener, ...others] = config.listeners
  if (listener === undefined || others.length > 0) {
    throw new UsageError('--port: there are several listeners; give each its port with --listeners')
  }
  const value = `${listener.name}://${formatHost(listener.host)}:${port}`
  return { name: 'listeners', value, flag: '--port' }
}
