import { systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { RunningBroker } from '../broker/index.ts'
import type { LoadedConfig } from '../config/index.ts'
import { ExitCode } from './exit-code.ts'
import { createLogger, LogFormat } from './logging.ts'
import { RecoveryProgress } from './recovery-progress.ts'
import { loadServeConfig, logFormatOf, type ServeFlags } from './serve-options.ts'
import { type StartFacts, startBanner, startFields, startWarnings } from './start-banner.ts'
import { StopSignals } from './stop-signals.ts'
import { packageVersion } from './version.ts'

/**
 * `sluice serve`: runs a broker until a signal stops it or its disk fails.
 * Resolves with the exit code once everything is closed; rejects when it cannot
 * start. Loading the broker's code, the logger and the configuration overlaps.
 */
export async function serve(file: string | undefined, flags: ServeFlags): Promise<ExitCode> {
  const format = logFormatOf(flags, process.stdout.isTTY === true)
  const code = import('../broker/index.ts')
  const [loaded, logger] = await Promise.all([
    loadServeConfig(file, flags, process.env),
    createLogger({ format, level: flags.logLevel ?? 'info' }),
  ])
  reportConfig(loaded, logger)
  const signals = new StopSignals(process, (signal) => {
    logger.warn({ signal }, 'stopped by force: the next start will recover')
    process.exit(ExitCode.failure)
  })
  try {
    const { startBroker } = await code
    const progress = new RecoveryProgress({ clock: systemClock, logger, terminal: terminalOf(format) })
    const broker = await startBroker({
      config: loaded.config,
      logger,
      clock: systemClock,
      onProgress: (step) => progress.update(step),
    }).finally(() => progress.done())
    announce({ version: packageVersion(), config: loaded.config, broker, startedMs: performance.now() }, format, logger)
    return await runUntilStopped(broker, signals, logger)
  } finally {
    signals.dispose()
  }
}

async function runUntilStopped(broker: RunningBroker, signals: StopSignals, logger: Logger): Promise<ExitCode> {
  const ended = await Promise.race([signals.requested, broker.failed])
  if (ended instanceof Error) {
    const fix = 'the data directory failed; look at the disk and the kernel log, then start again to recover'
    logger.fatal({ error: ended.message }, fix)
    await broker.close().catch((error: unknown) => logger.error({ error: String(error) }, 'closing failed as well'))
    return ExitCode.failure
  }
  logger.info({ signal: ended, connections: broker.connectionCount }, 'stopping; a second signal forces')
  await broker.close()
  logger.info({}, 'stopped')
  return ExitCode.ok
}

function reportConfig(loaded: LoadedConfig, logger: Logger): void {
  for (const key of loaded.unknown) logger.warn({ key }, 'an unknown configuration key is ignored')
  for (const note of loaded.notes) logger.warn({}, note)
  const keys = loaded.withoutEffect
  if (keys.length > 0) logger.info({ keys }, `${keys.length} configuration keys have no effect here`)
}

function announce(facts: StartFacts, format: LogFormat, logger: Logger): void {
  if (format === LogFormat.pretty) process.stdout.write(startBanner(facts))
  else logger.info(startFields(facts), 'ready')
  for (const warning of startWarnings(facts)) logger.warn({}, warning)
}

function terminalOf(format: LogFormat): ((text: string) => void) | undefined {
  if (format !== LogFormat.pretty || process.stderr.isTTY !== true) return undefined
  return (text) => process.stderr.write(text)
}
