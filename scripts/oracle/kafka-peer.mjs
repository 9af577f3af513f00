#!/usr/bin/env node
/**
 * Starts and stops one local Apache Kafka (KRaft, broker and controller in one process, 127.0.0.1 only), as a peer to
 * measure against or an oracle to compare with.
 *
 * The jars are those that `scripts/oracle/assemble.mjs` puts into `.oracle/libs`, or the directory named by KAFKA_LIBS.
 * Everything the broker writes lies under the given directory; who started it removes that.
 *
 *   node scripts/oracle/kafka-peer.mjs start --directory DIR [--port 19092] [-X key=value]…   prints pid and port
 *   node scripts/oracle/kafka-peer.mjs stop --directory DIR
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const run = promisify(execFile)
const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const startTimeoutMs = 60_000
const stopTimeoutMs = 20_000

const loggingConfiguration = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR">
  <Appenders><Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`

/** The class path of Apache Kafka; throws with the way to get it when there is none. */
export function kafkaClassPath() {
  const directory = process.env.KAFKA_LIBS ?? join(repository, '.oracle/libs')
  if (!existsSync(directory)) {
    throw new Error(`No Kafka jars in ${directory}: run node scripts/oracle/assemble.mjs, or name them in KAFKA_LIBS`)
  }
  return `${directory}/*`
}

/** A TCP port of 127.0.0.1 that nothing listens on at this moment. */
export async function freePort() {
  const server = createServer()
  await new Promise((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

/** Resolves when something accepts on the port; rejects after the timeout or when `exited()` tells that it never will. */
export async function waitForPort(port, { timeoutMs, exited = () => false, everyMs = 20 }) {
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    const accepted = await new Promise((done) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => done(true)).once('error', () => done(false))
      socket.once('connect', () => socket.destroy())
    })
    if (accepted) return
    if (exited()) throw new Error(`The server for port ${port} ended before it accepted a connection`)
    if (performance.now() > giveUpAt) throw new Error(`Nothing accepts on port ${port} after ${timeoutMs} ms`)
    await sleep(everyMs)
  }
}

function serverProperties({ port, controllerPort, dataDirectory, properties }) {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDirectory,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    ...properties,
  }
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** Writes the configuration and formats the storage; a directory that has both is used as it is. */
async function prepare({ directory, port, controllerPort, properties, classPath }) {
  const dataDirectory = join(directory, 'data')
  const configuration = join(directory, 'server.properties')
  const logging = join(directory, 'log4j2.xml')
  mkdirSync(dataDirectory, { recursive: true })
  writeFileSync(configuration, serverProperties({ port, controllerPort, dataDirectory, properties }))
  writeFileSync(logging, loggingConfiguration)
  const java = ['-Xshare:auto', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${logging}`, '-cp', classPath]
  if (!existsSync(join(dataDirectory, 'meta.properties'))) {
    const { stdout } = await run('java', [...java, 'kafka.tools.StorageTool', 'random-uuid'])
    const clusterId = stdout.trim().split('\n').at(-1)
    await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configuration])
  }
  return { configuration, logging }
}

/**
 * Starts Kafka with a 1 GB heap and G1, and resolves when it accepts.
 *
 * @param {{ directory: string, port?: number, properties?: Record<string, string | number>, detached?: boolean }} options
 * @returns {Promise<{ pid: number, port: number, stop: () => Promise<void> }>}
 */
export async function startKafka({ directory, port, properties = {}, detached = false }) {
  const classPath = kafkaClassPath()
  const brokerPort = port ?? (await freePort())
  const controllerPort = await freePort()
  const root = resolve(directory)
  const paths = await prepare({ directory: root, port: brokerPort, controllerPort, properties, classPath })
  const output = openSync(join(root, 'kafka.log'), 'a')
  const child = spawn(
    'java',
    [
      ...['-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-Xms1g', '-Xmx1g'],
      ...[`-Dlog4j2.configurationFile=${paths.logging}`, '-cp', classPath, 'kafka.Kafka', paths.configuration],
    ],
    { stdio: ['ignore', output, output], detached },
  )
  if (!detached) endWithUs(child)
  const exit = new Promise((done) => child.once('exit', done))
  const stop = () => stopChild(child, exit)
  try {
    await waitForPort(brokerPort, { timeoutMs: startTimeoutMs, exited: () => child.exitCode !== null })
  } catch (error) {
    await stop()
    throw new Error(`Kafka did not start, see ${join(root, 'kafka.log')}`, { cause: error })
  }
  writeFileSync(join(root, 'kafka.pid'), `${child.pid}\n`)
  if (detached) child.unref()
  return { pid: child.pid, port: brokerPort, stop }
}

/** Ends the child when this process ends, however it does: before whoever else removes directories at exit. */
export function endWithUs(child) {
  const end = () => child.kill('SIGKILL')
  process.prependOnceListener('exit', end)
  child.once('exit', () => process.off('exit', end))
}

/** SIGTERM, and SIGKILL when that did not help in time. */
export async function stopChild(child, exit) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await exit
  clearTimeout(timer)
}

/** True when the process runs `kafka.Kafka` on a configuration in the directory: a stale pid file names a stranger. */
function isKafkaOf(pid, directory) {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return commandLine.includes('kafka.Kafka') && commandLine.includes(join(directory, 'server.properties'))
  } catch {
    return false
  }
}

async function stopByPidFile(directory) {
  const pid = Number(readFileSync(join(directory, 'kafka.pid'), 'utf8'))
  if (!isKafkaOf(pid, directory)) return
  process.kill(pid, 'SIGTERM')
  const giveUpAt = performance.now() + stopTimeoutMs
  while (isKafkaOf(pid, directory)) {
    if (performance.now() > giveUpAt) process.kill(pid, 'SIGKILL')
    await sleep(50)
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      directory: { type: 'string' },
      port: { type: 'string' },
      property: { type: 'string', short: 'X', multiple: true, default: [] },
    },
  })
  const [command] = positionals
  if (!values.directory || (command !== 'start' && command !== 'stop')) {
    throw new Error('Usage: kafka-peer.mjs start|stop --directory DIR [--port PORT] [-X key=value]…')
  }
  const directory = resolve(values.directory)
  if (command === 'stop') return stopByPidFile(directory)
  const properties = Object.fromEntries(values.property.map((pair) => pair.split(/=(.*)/s, 2)))
  const port = values.port ? Number(values.port) : undefined
  const peer = await startKafka({ directory, port, properties, detached: true })
  console.log(JSON.stringify({ pid: peer.pid, port: peer.port }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
