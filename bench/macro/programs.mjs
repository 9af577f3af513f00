/** Builds the C programs of the benchmark, and runs the load client. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endWithUs } from '../../scripts/oracle/kafka-peer.mjs'

const bench = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const build = join(bench, 'build')

/** How long the load client may take beyond what its options say, before it is ended. */
const graceMs = 60_000

export const floorProgram = join(build, 'floor')
export const loadProgram = join(build, 'load')

function sourcesOf(folder) {
  return readdirSync(join(bench, folder))
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(bench, folder, name))
}

export function buildPrograms() {
  mkdirSync(build, { recursive: true })
  const flags = ['-O3', '-std=gnu17', '-Wall', '-Wextra', ...(process.arch === 'x64' ? ['-msse4.2'] : [])]
  for (const [folder, program] of [
    ['floor', floorProgram],
    ['client', loadProgram],
  ]) {
    execFileSync('gcc', [...flags, '-o', program, ...sourcesOf(folder), ...sourcesOf('common')], { stdio: 'inherit' })
  }
}

/** `{ inFlight: 8, bare: true, topic: undefined }` → `['--in-flight', '8', '--bare']` */
function flagsOf(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return []
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return value === true ? [flag] : [flag, String(value)]
  })
}

/**
 * Runs one mode of the load client and returns its JSON. `onWindow` is called with `begin` and `end` when the measured
 * seconds begin and end.
 */
export async function runLoad(mode, options, onWindow = () => {}) {
  const child = spawn(loadProgram, [mode, ...flagsOf(options)], { stdio: ['ignore', 'pipe', 'pipe'] })
  endWithUs(child)
  const timeoutMs = ((options.warmUp ?? 1) + (options.seconds ?? 5)) * 1000 + graceMs
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    for (const [, edge] of text.matchAll(/^window (begin|end)$/gm)) onWindow(edge)
    complaints += text.replaceAll(/^window (begin|end)\n/gm, '')
  })
  const [code, signal] = await new Promise((done) => child.once('close', (...status) => done(status)))
  clearTimeout(timer)
  if (code !== 0) throw new Error(`load ${mode} ended with ${signal ?? code}: ${complaints.trim()}`)
  return JSON.parse(output)
}
