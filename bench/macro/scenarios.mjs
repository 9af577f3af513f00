/** What is not a closed loop: end to end latency, start, idle cost, many connections, many partitions. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionGoals, partitionGoals } from './loads.mjs'
import { processCpuNs, processMemory } from './machine.mjs'
import { runLoad } from './programs.mjs'
import { rotated, spread } from './statistics.mjs'
import { retentionBytes, segmentBytes, startSluice, startTarget } from './targets.mjs'

const endToEndPartitions = 4
const settleMs = 5000
const idleSeconds = 20

async function endToEndRound(target, { rate, seconds, topic, warmUp }) {
  const options = { port: target.port, serverPid: target.pid, topic, partitions: endToEndPartitions }
  await runLoad('create', { ...options, segmentBytes, retentionBytes })
  const readings = []
  const result = await runLoad('e2e', { ...options, rate, seconds, warmUp }, () => {
    if (target.loopDelay) readings.push(target.loopDelay())
  })
  const delays = await Promise.all(readings)
  return { target: target.name, ...result, loopDelay: delays.at(-1) }
}

/** `always` is measured on a real disk: on tmpfs a sync is nothing. */
export async function measureEndToEnd(definition, { root, diskRoot, targets: names, rounds: count, seconds, log }) {
  const { name, title, durability, rate, p99MsMax } = definition
  const base = durability === 'always' ? diskRoot : root
  const served = names.filter((target) => target === 'sluice' || (target === 'kafka' && durability === 'os'))
  const targets = []
  const rounds = []
  try {
    for (const target of served) targets.push(await startTarget(target, { root: base, durability }))
    for (let round = 0; round < count; round++) {
      for (const target of rotated(targets, round)) {
        const warmUp = round === 0 ? 5 : 2
        const result = await endToEndRound(target, { rate, seconds, warmUp, topic: `e2e-${round}` })
        rounds.push({ round, ...result })
        const { p50, p99, p999, max } = result.latencyMs
        log(
          `${name} round ${round + 1} ${target.name.padEnd(6)} ${result.held ? 'held' : 'NOT HELD'} ` +
            `${result.achievedPerSecond}/s, p50 ${p50} p99 ${p99} p99.9 ${p999} max ${max} ms`,
        )
      }
    }
  } finally {
    for (const target of targets) await target.stop()
  }
  return { name, title, rate, p99MsMax, targets: summarizeEndToEnd(rounds), rounds }
}

function summarizeEndToEnd(rounds) {
  const targets = {}
  for (const name of new Set(rounds.map((round) => round.target))) {
    const own = rounds.filter((round) => round.target === name)
    targets[name] = {
      heldRounds: own.filter((round) => round.held).length,
      rounds: own.length,
      achievedPerSecond: spread(own.map((round) => round.achievedPerSecond)),
      p50Ms: spread(own.map((round) => round.latencyMs.p50)),
      p99Ms: spread(own.map((round) => round.latencyMs.p99)),
      p999Ms: spread(own.map((round) => round.latencyMs.p999)),
      maxMs: spread(own.map((round) => round.latencyMs.max)),
      cpuMicrosPerRecord: spread(own.map((round) => round.serverCpuMicrosPerRecord)),
    }
    if (own[0].loopDelay) targets[name].loopDelayMaxMs = spread(own.map((round) => round.loopDelay.max))
  }
  return targets
}

/** Runs `body` on a Sluice of its own, and stops it whatever happens. */
async function withSluice(options, body) {
  mkdirSync(options.directory, { recursive: true })
  const server = await startSluice({ monitored: false, ...options })
  try {
    return await body(server)
  } finally {
    await server.stop()
  }
}

export async function measureStart({ root, rounds, log }) {
  const accepts = []
  for (let round = 0; round < rounds; round++) {
    const directory = join(root, `start-${round}`)
    accepts.push(await withSluice({ directory, acceptEveryMs: 1 }, async ({ acceptMs }) => acceptMs))
    log(`start round ${round + 1} accepts after ${accepts.at(-1).toFixed(0)} ms`)
  }
  const idle = await withSluice({ directory: join(root, 'start-idle') }, async ({ pid }) => {
    await sleep(settleMs)
    const cpuBefore = processCpuNs(pid)
    await sleep(idleSeconds * 1000)
    const idleCpuShare = (processCpuNs(pid) - cpuBefore) / 1e9 / idleSeconds
    return { idleCpuShare, residentBytes: processMemory(pid, 'VmRSS') }
  })
  log(`idle: ${(idle.residentBytes / 2 ** 20).toFixed(1)} MiB, ${(idle.idleCpuShare * 100).toFixed(3)} % of a core`)
  return { name: 'start', acceptMs: spread(accepts), ...idle }
}

export async function measureConnections({ root, log }) {
  const { connections } = connectionGoals
  const directory = join(root, 'connections')
  const result = await withSluice({ directory }, async ({ pid, port }) => {
    await sleep(settleMs)
    return runLoad('idle', { port, serverPid: pid, connections, seconds: 10 })
  })
  log(`${connections} idle connections: ${result.bytesPerConnection} bytes each, ${result.serverCpuShare * 100} % CPU`)
  return { name: 'connections', ...result }
}

async function settledMemory(pid) {
  await sleep(settleMs)
  return processMemory(pid, 'VmRSS')
}

/** Creates the topics and writes one batch to every partition, so that each has a segment that was open once. */
async function fillPartitions(port) {
  const { topics, partitionsEach } = partitionGoals
  for (let index = 0; index < topics; index++) {
    const common = { port, topic: `many-${index}`, partitions: partitionsEach }
    await runLoad('create', { ...common, segmentBytes, retentionBytes })
    await runLoad('preload', { ...common, batchBytes: 1024, batches: 1, connections: 4, inFlight: 8 })
  }
}

export async function measurePartitions({ root, log }) {
  const { topics, partitionsEach, descriptorLimit } = partitionGoals
  const directory = join(root, 'partitions')
  const options = { directory, descriptorLimit }
  const emptyBytes = await withSluice(options, ({ pid }) => settledMemory(pid))
  await withSluice(options, ({ port }) => fillPartitions(port))
  const idle = await withSluice({ ...options, acceptEveryMs: 1 }, async ({ pid, acceptMs }) => {
    return { startMs: acceptMs, residentBytes: await settledMemory(pid) }
  })
  const metadata = await withSluice({ ...options, monitored: true }, async ({ port, loopDelay }) => {
    await sleep(settleMs)
    await loopDelay()
    const answer = await runLoad('metadata', { port, repeat: 10 })
    return { ...answer, loopDelay: await loopDelay() }
  })
  const partitions = topics * partitionsEach
  const bytesEach = (idle.residentBytes - emptyBytes) / partitions
  if (metadata.withLeader !== partitions) throw new Error(`${metadata.withLeader} of ${partitions} partitions lead`)
  log(
    `${partitions} partitions: ${bytesEach.toFixed(0)} bytes each, accepts after ${idle.startMs.toFixed(0)} ms, ` +
      `metadata ${metadata.milliseconds.p50} ms, longest stall ${metadata.loopDelay.max.toFixed(1)} ms`,
  )
  return { name: 'partitions', partitions, emptyBytes, bytesEach, ...idle, metadata }
}
