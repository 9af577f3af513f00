/** What is not a closed loop: end to end latency, start, idle cost, many connections, many partitions. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionGoals, partitionGoals } from './loads.mjs'
import { processCpuNs, processMemory } from './machine.mjs'
import { foreignNote, observe } from './observe.mjs'
import { runLoad } from './programs.mjs'
import { rotated, spread } from './statistics.mjs'
import { retentionBytes, segmentBytes, startSluice, startTarget } from './targets.mjs'

const endToEndPartitions = 4
const settleMs = 5000
const idleSeconds = 20

async function endToEndRound(target, { topic, ...load }) {
  const options = { topic, partitions: endToEndPartitions }
  await runLoad('create', { port: target.port, ...options, segmentBytes, retentionBytes })
  return observe(target, 'e2e', { ...options, ...load })
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
            `${result.achievedPerSecond}/s, p50 ${p50} p99 ${p99} p99.9 ${p999} max ${max} ms${foreignNote(result)}`,
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
      foreignCpuShare: spread(own.map((round) => round.foreignCpuShare)),
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
  const starts = []
  for (let round = 0; round < rounds; round++) {
    const directory = join(root, `start-${round}`)
    starts.push(await withSluice({ directory, acceptEveryMs: 1 }, async (server) => server))
    const { acceptMs, acceptCpuMs } = starts.at(-1)
    log(`start round ${round + 1} accepts after ${acceptMs.toFixed(0)} ms, ${acceptCpuMs.toFixed(0)} ms of CPU`)
  }
  const idle = await withSluice({ directory: join(root, 'start-idle') }, async ({ pid }) => {
    await sleep(settleMs)
    const cpuBefore = processCpuNs(pid)
    await sleep(idleSeconds * 1000)
    const idleCpuShare = (processCpuNs(pid) - cpuBefore) / 1e9 / idleSeconds
    return { idleCpuShare, residentBytes: processMemory(pid, 'VmRSS') }
  })
  log(`idle: ${(idle.residentBytes / 2 ** 20).toFixed(1)} MiB, ${(idle.idleCpuShare * 100).toFixed(3)} % of a core`)
  const acceptMs = spread(starts.map((start) => start.acceptMs))
  const acceptCpuMs = spread(starts.map((start) => start.acceptCpuMs))
  return { name: 'start', acceptMs, acceptCpuMs, ...idle }
}

export async function measureConnections({ root, log }) {
  const { connections } = connectionGoals
  const options = { directory: join(root, 'connections'), monitored: true }
  return withSluice(options, async ({ pid, port, collectedMemory }) => {
    const residentBefore = await collectedMemory()
    let opened
    const result = await runLoad('idle', { port, serverPid: pid, connections, seconds: 15 }, (edge) => {
      if (edge === 'begin') opened = sleep(settleMs).then(collectedMemory)
    })
    const residentOpened = await opened
    const bytesEach = (residentOpened - residentBefore) / connections
    log(`${connections} idle connections: ${bytesEach.toFixed(0)} bytes each`)
    return { ...result, name: 'connections', residentBefore, residentOpened, bytesEach }
  })
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

async function settledMemory({ collectedMemory }) {
  await sleep(settleMs)
  return collectedMemory()
}

/** Memory is the difference between two clean starts: on an empty directory, and on the full one. */
export async function measurePartitions({ root, log }) {
  const { topics, partitionsEach, descriptorLimit } = partitionGoals
  const directory = join(root, 'partitions')
  const options = { directory, descriptorLimit }
  const emptyBytes = await withSluice({ ...options, monitored: true }, settledMemory)
  await withSluice(options, ({ port }) => fillPartitions(port))
  const { acceptMs, acceptCpuMs } = await withSluice({ ...options, acceptEveryMs: 1 }, async (server) => server)
  const measured = await withSluice({ ...options, monitored: true }, async (server) => {
    const residentBytes = await settledMemory(server)
    await server.loopDelay()
    const metadata = await runLoad('metadata', { port: server.port, repeat: 10 })
    return { residentBytes, metadata: { ...metadata, loopDelay: await server.loopDelay() } }
  })
  const partitions = topics * partitionsEach
  const { residentBytes, metadata } = measured
  if (metadata.withLeader !== partitions) throw new Error(`${metadata.withLeader} of ${partitions} partitions lead`)
  const bytesEach = (residentBytes - emptyBytes) / partitions
  log(
    `${partitions} partitions: ${bytesEach.toFixed(0)} bytes each, accepts after ${acceptMs.toFixed(0)} ms ` +
      `(${acceptCpuMs.toFixed(0)} ms of CPU), metadata ${metadata.milliseconds.p50} ms, ` +
      `longest stall ${metadata.loopDelay.max.toFixed(1)} ms`,
  )
  return {
    name: 'partitions',
    partitions,
    emptyBytes,
    bytesEach,
    startMs: acceptMs,
    startCpuMs: acceptCpuMs,
    ...measured,
  }
}
