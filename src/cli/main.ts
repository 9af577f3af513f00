#!/usr/bin/env node
import { CommanderError } from 'commander'
import { ExitCode } from './exit-code.ts'
import { createProgram } from './program.ts'
import { explainFailure } from './refusal.ts'

/**
 * The `sluice` command. Exits with 0 when it did what was asked, 1 when it
 * failed, 2 when the command line or configuration was wrong. Standard output
 * carries data, standard error everything else.
 */
async function main(): Promise<void> {
  try {
    await createProgram((exitCode) => {
      process.exitCode = exitCode
    }).parseAsync()
  } catch (error) {
    process.exitCode = reported(error)
  }
}

function reported(error: unknown): ExitCode {
  // Commander has printed its message; help and version are no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
  const { text, exitCode } = explainFailure(error)
  process.stderr.write(`sluice: ${text}\n`)
  return exitCode
}

process.on('uncaughtException', (error) => {
  process.stderr.write(`sluice: unexpected failure: ${error.stack ?? error.message}\n`)
  process.exit(ExitCode.failure)
})

await main()
