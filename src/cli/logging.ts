import type { Logger } from '../base/logger.ts'

export const LogFormat = { pretty: 'pretty', json: 'json' } as const
export type LogFormat = (typeof LogFormat)[keyof typeof LogFormat]

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * The log of a running broker: JSON lines on standard output for machines,
 * coloured lines on standard error for a person at a terminal. Both are written
 * synchronously, so that the last line before an exit is never lost, and neither
 * starts a worker thread.
 */
export async function createLogger(options: { format: LogFormat; level: LogLevel }): Promise<Logger> {
  const { pino } = await import('pino')
  const base = { level: options.level, base: { pid: process.pid } }
  if (options.format === LogFormat.json) {
    const named = { ...base, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } }
    const logger: Logger = pino(named, pino.destination({ dest: 1, sync: true }))
    return logger
  }
  const { default: pretty } = await import('pino-pretty')
  const colorize = process.stderr.isTTY === true && process.env.NO_COLOR === undefined
  const stream = pretty({ colorize, destination: 2, sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' })
  const logger: Logger = pino(base, stream)
  return logger
}

function levelName(label: string): { level: string } {
  return { level: label }
}
