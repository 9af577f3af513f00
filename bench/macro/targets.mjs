/**
 * The servers under measurement. Each is started on a directory of its own with the same sizes of segments and the same
 * retention, and answers `{ name, pid, port, bare, stop }`; `bare` tells that it has only Produce and Fetch. A Sluice that is
 * monitored also has `loopDelay()` and `collectedMemory()`.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endWithUs, freePort, startKafka, stopChild, waitForPort } from '../../scripts/oracle/kafka-peer.mjs'
import { processCpuNs } from './machine.mjs'
import { floorProgram } from './programs.mjs'

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const sluiceMain = join(repository, 'dist/cli/main.js')
const wrapper = join(repository, 'bench/macro/serve-with-loop-delay.mjs')
const startTimeoutMs = 30_000

export const segmentBytes = 64 * 1024 * 1024
export const retentionBytes = 128 * 1024 * 1024

const logSettings = {
  'log.segment.bytes': segmentBytes,
  'log.retention.bytes': retentionBytes,
  'log.retention.check.interval.ms': 500,
  'log.segment.delete.delay.ms': 100,
}

/** Spawns a server whose output goes to `output.log`, and waits until it accepts. */
async function startServer({ name, command, directory, port, acceptEveryMs = 20 }) {
  const output = openSync(join(directory, 'output.log'), 'a')
  const startedAt = performance.now()
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', output, output] })
  endWithUs(child)
  const exit = new Promise((done) => child.once('exit', done))
  const stop = () => stopChild(child, exit)
  try {
    const exited = () => child.exitCode !== null
    await waitForPort(port, { timeoutMs: startTimeoutMs, exited, everyMs: acceptEveryMs })
  } catch (error) {
    await stop()
    const said = readFileSync(join(directory, 'output.log'), 'utf8').slice(-2000)
    throw new Error(`${name} did not start: ${said}`, { cause: error })
  }
  const acceptMs = performance.now() - startedAt
  const acceptCpuMs = processCpuNs(child.pid) / 1e6
  return { name, pid: child.pid, port, bare: false, stop, acceptMs, acceptCpuMs }
}

async function startFloor({ directory }) {
  const port = await freePort()
  const command = [floorProgram, String(port), directory, String(segmentBytes), String(retentionBytes)]
  return { ...(await startServer({ name: 'floor', command, directory, port })), bare: true }
}

/** Asks the wrapper for its next report: the loop's delay since the last one, and resident memory. */
async function askReport({ pid, signal, reportFile, sequence }) {
  process.kill(pid, signal)
  for (let attempt = 0; attempt < 500; attempt++) {
    if (existsSync(reportFile)) {
      const report = JSON.parse(readFileSync(reportFile, 'utf8'))
      if (report.sequence === sequence) return report
    }
    await sleep(10)
  }
  throw new Error('Sluice did not report the delay of its event loop within 5 s')
}

/**
 * @param {{ directory: string, durability?: string, monitored?: boolean, descriptorLimit?: number,
 *           dataDirectory?: string, acceptEveryMs?: number }} options
 */
export async function startSluice(options) {
  const { directory, durability = 'os', monitored = true, descriptorLimit, acceptEveryMs } = options
  if (!existsSync(sluiceMain)) throw new Error(`${sluiceMain} is missing: run npm run build first`)
  const port = await freePort()
  const reportFile = join(directory, 'loop-report.json')
  const command = [
    ...(descriptorLimit ? ['prlimit', `--nofile=${descriptorLimit}:${descriptorLimit}`] : []),
    ...[process.execPath, ...(monitored ? [wrapper, reportFile] : [sluiceMain]), 'serve'],
    ...['--listeners', `PLAINTEXT://127.0.0.1:${port}`, '--durability', durability],
    ...['--log-dirs', options.dataDirectory ?? join(directory, 'data')],
    ...Object.entries(logSettings).flatMap(([key, value]) => ['-X', `${key}=${value}`]),
  ]
  const server = await startServer({ name: 'sluice', command, directory, port, acceptEveryMs })
  if (!monitored) return server
  rmSync(reportFile, { force: true })
  let sequence = 0
  const ask = (signal) => {
    sequence += 1
    return askReport({ pid: server.pid, signal, reportFile, sequence })
  }
  const collectedMemory = async () => (await ask('SIGPWR')).residentBytes
  return { ...server, loopDelay: () => ask('SIGUSR2'), collectedMemory }
}

async function startKafkaTarget({ directory }) {
  /* Without the last setting Kafka looks at retention for the first time after 30 s. */
  const properties = { ...logSettings, 'log.initial.task.delay.ms': 500 }
  return { name: 'kafka', bare: false, ...(await startKafka({ directory, properties })) }
}

const starters = { floor: startFloor, sluice: startSluice, kafka: startKafkaTarget }

export const targetNames = Object.keys(starters)

/** Starts the target on `ROOT/NAME`, which must not be there yet. */
export async function startTarget(name, { root, ...options }) {
  const directory = join(root, name)
  mkdirSync(directory)
  return starters[name]({ directory, ...options })
}
