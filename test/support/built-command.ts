import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The `sluice` command as a process: bundled from the sources as they are now, so that no build has to come first. */
export class BuiltCommand {
  readonly #directory: string
  readonly #running = new Set<CommandRun>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async build(): Promise<BuiltCommand> {
    // Two levels below the package root, where the command looks for package.json and the addon.
    mkdirSync(path.join(root, 'build'), { recursive: true })
    const directory = mkdtempSync(path.join(root, 'build', 'test-command-'))
    const bundle = await rolldown({
      input: { sluice: path.join(root, 'src/cli/main.ts') },
      platform: 'node',
      external: /^[^./]/,
    })
    await bundle.write({ dir: directory, format: 'esm' })
    await bundle.close()
    return new BuiltCommand(directory)
  }

  run(args: readonly string[], environment: Record<string, string> = {}): CommandRun {
    const child = spawn(process.execPath, [path.join(this.#directory, 'sluice.js'), ...args], {
      env: { ...withoutKafka(process.env), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const run = new CommandRun(child)
    this.#running.add(run)
    return run
  }

  /** Kills what still runs and removes the bundle. */
  async dispose(): Promise<void> {
    for (const run of this.#running) run.kill('SIGKILL')
    await Promise.all([...this.#running].map((run) => run.exit))
    rmSync(this.#directory, { recursive: true })
  }
}

/** One running or finished command. */
export class CommandRun {
  stdout = ''
  stderr = ''
  /** Exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  #wake: (() => void) | undefined

  constructor(child: ChildProcess) {
    this.#child = child
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', (line) => {
      this.stdout += `${line}\n`
      this.#lines.push(line)
      this.#wake?.()
    })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exit = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')))
    this.exit.then(() => this.#wake?.())
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The first JSON log line with this message. Throws with what was printed when the command ends without it. */
  async logged(message: string): Promise<Record<string, unknown>> {
    let ended = false
    this.exit.then(() => {
      ended = true
    })
    for (let index = 0; ; index++) {
      while (index >= this.#lines.length) {
        if (ended) throw new Error(`ended without logging "${message}"\n${this.stdout}${this.stderr}`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      const entry = parseLine(this.#lines[index]!)
      if (entry?.msg === message) return entry
    }
  }
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  const parsed: unknown = JSON.parse(line)
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined
}

function withoutKafka(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('KAFKA_')))
}
