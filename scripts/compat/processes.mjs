/** Child processes of the compatibility run: each ends by itself or is killed by its own handle, none outlives the run. */
import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

const TIMEOUT_MS = 180_000

/** Runs a program to its end. Resolves with its output as bytes; rejects when it fails, with what it said. */
export function run(command, args, { input, environment = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] })
    const stdout = []
    const stderr = []
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
    child.stdout.on('data', (chunk) => stdout.push(chunk))
    child.stderr.on('data', (chunk) => stderr.push(chunk))
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const errors = Buffer.concat(stderr).toString()
      if (code === 0) return resolve({ stdout: Buffer.concat(stdout), stderr: errors })
      const end = signal === null ? `exit code ${code}` : `killed by ${signal}`
      reject(new Error(`${command} ${args.slice(0, 4).join(' ')}…: ${end}\n${errors.slice(-2000)}`))
    })
    child.stdin.end(input)
  })
}

/** Whether a program starts at all. */
export function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** `sluice serve` with its default settings, on a free port. */
export async function startBroker(directory) {
  const program = path.join(root, 'dist', 'bin', 'sluice.js')
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--log-dirs', directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)))
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      const line = output.split('\n').find((text) => text.includes('"msg":"ready"'))
      if (line !== undefined) resolve(JSON.parse(line))
    })
  })
  const started = await Promise.race([ready, ended.then(() => undefined)])
  if (started === undefined) throw new Error(`the broker did not start:\n${output}`)
  const [listener] = started.listeners
  return {
    address: `${listener.host}:${listener.port}`,
    directory,
    facts: started,
    log: () => output,
    async stop() {
      child.kill('SIGTERM')
      return await ended
    },
  }
}
