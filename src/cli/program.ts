import { Command, Option } from 'commander'
import { ListFormat } from './config-command.ts'
import { ExitCode } from './exit-code.ts'
import { LogFormat, logLevels } from './logging.ts'
import type { ServeFlags } from './serve-options.ts'
import { packageVersion } from './version.ts'

/**
 * The command line, as data for commander. Commands load their code when they
 * run, so that `version` and a wrong flag answer at once. `finish` receives the
 * exit code; commander's own refusals throw CommanderError.
 */
export function createProgram(finish: (exitCode: ExitCode) => void): Command {
  const program = new Command('sluice')
    .description('A Kafka-compatible message broker for one Linux machine')
    .version(packageVersion(), '-V, --version', 'print the version')
    .showHelpAfterError('("sluice --help" shows what there is)')
    .exitOverride()
  addServe(program, finish)
  addConfig(program)
  program
    .command('version')
    .description('print the versions of Sluice and Node')
    .action(() => void process.stdout.write(versionText()))
  return program
}

function addServe(program: Command, finish: (exitCode: ExitCode) => void): void {
  program
    .command('serve')
    .description('run a broker until it is stopped (SIGTERM, SIGINT or SIGHUP; a second signal forces)')
    .argument('[file]', "Kafka's server.properties, or YAML with the same keys")
    .option('--listeners <list>', 'where to accept: NAME://host:port, separated by commas')
    .option('--port <number>', 'port of the listener; 0 picks a free one and prints it')
    .option('--log-dirs <directory>', 'data directory')
    .addOption(durabilityOption())
    .addOption(settingOption())
    .addOption(new Option('--log-level <level>', 'least level to log').choices(logLevels))
    .addOption(
      new Option('--log-format <format>', 'default: pretty on a terminal, json otherwise').choices(
        Object.values(LogFormat),
      ),
    )
    .action(async (file: string | undefined, flags: ServeFlags) => {
      if (await printedSettingHelp(flags.set)) return finish(ExitCode.ok)
      const { serve } = await import('./serve.ts')
      finish(await serve(file, flags))
    })
}

function addConfig(program: Command): void {
  const config = program.command('config').description('show the configuration')
  const withSources = (command: Command) =>
    command
      .option('--file <file>', 'read this server.properties or YAML file first')
      .addOption(durabilityOption())
      .addOption(settingOption())
  withSources(config.command('explain <key>').description('value, origin and meaning of one key')).action(
    async (key: string, flags: ServeFlags & { file?: string }) => {
      const { explainText } = await import('./config-command.ts')
      process.stdout.write(explainText(key, await configOf(flags)))
    },
  )
  withSources(config.command('list').description('every key with its value'))
    .addOption(new Option('--format <format>', 'output').choices(Object.values(ListFormat)).default(ListFormat.text))
    .action(async (flags: ServeFlags & { file?: string; format: ListFormat }) => {
      const { listText } = await import('./config-command.ts')
      process.stdout.write(listText(await configOf(flags), flags.format))
    })
}

async function configOf(flags: ServeFlags & { file?: string }) {
  const { loadServeConfig } = await import('./serve-options.ts')
  return (await loadServeConfig(flags.file, flags, process.env)).config
}

function durabilityOption(): Option {
  return new Option('--durability <policy>', 'what an acknowledgement waits for').choices(['always', 'interval', 'os'])
}

function settingOption(): Option {
  return new Option('-X, --set <key=value>', 'any configuration key; repeatable; -X help, -X list')
    .argParser((text: string, earlier: string[]) => [...earlier, text])
    .default([], 'none')
}

/** `-X help` and `-X list`, as kcat and rpk have them. */
async function printedSettingHelp(settings: readonly string[]): Promise<boolean> {
  const asked = settings.find((text) => text === 'help' || text === 'list')
  if (asked === undefined) return false
  const { listText, SETTING_HELP } = await import('./config-command.ts')
  const rest = settings.filter((text) => text !== 'help' && text !== 'list')
  const text = asked === 'help' ? SETTING_HELP : listText(await configOf({ set: rest }), ListFormat.text)
  process.stdout.write(text)
  return true
}

function versionText(): string {
  return `sluice ${packageVersion()}\nnode ${process.versions.node} (${process.platform} ${process.arch})\n`
}
