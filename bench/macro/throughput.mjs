/**
 * The closed-loop loads. All targets of a load run side by side; the rounds take turns, so that what the machine does
 * meanwhile hits all alike. Before the first round every partition is filled to its retention: from then on each new
 * segment reuses memory that an old one gave back, for all targets alike.
 */
import { foreignNote, observe } from './observe.mjs'
import { runLoad } from './programs.mjs'
import { rotated, spread } from './statistics.mjs'
import { retentionBytes, segmentBytes, startTarget } from './targets.mjs'

const topic = 'bench'
const residentBytes = 32 * 1024 * 1024
/* Kafka's compiler needs its time; the others get the same for fairness, though they need none. */
const firstWarmUpSeconds = 10
const warmUpSeconds = 2

async function fillTopic(target, { kind, load }) {
  const { batchBytes, partitions } = load
  const common = { port: target.port, bare: target.bare, topic, partitions }
  if (!target.bare) await runLoad('create', { ...common, segmentBytes, retentionBytes })
  const bytes = kind === 'produce' ? retentionBytes + segmentBytes : residentBytes
  const batches = Math.ceil(bytes / batchBytes)
  return runLoad('preload', { ...common, batchBytes, batches, connections: Math.min(4, partitions), inFlight: 4 })
}

async function optionsFor(target, definition, filled) {
  const options = { bare: target.bare, topic, ...definition.load }
  if (definition.kind === 'produce') return options
  const fetchBytes = filled.batchBytes * definition.batchesPerFetch
  const fetchOptions = { ...options, batchBytes: undefined, fetchBytes }
  await runLoad('fetch', { port: target.port, ...fetchOptions, checkCrc: true, warmUp: 0, seconds: 0.5 })
  return fetchOptions
}

function summarize(definition, rounds) {
  const targets = {}
  for (const name of new Set(rounds.map((round) => round.target))) {
    const own = rounds.filter((round) => round.target === name)
    targets[name] = {
      cpuMicrosPerRequest: spread(own.map((round) => round.serverCpuMicrosPerRequest)),
      requestsPerSecond: spread(own.map((round) => round.requestsPerSecond)),
      megabytesPerSecond: spread(own.map((round) => round.megabytesPerSecond)),
      foreignCpuShare: spread(own.map((round) => round.foreignCpuShare)),
      latencyP99Ms: spread(own.map((round) => round.latencyMs.p99)),
    }
    if (own[0].loopDelay) {
      targets[name].loopDelayP999Ms = spread(own.map((round) => round.loopDelay.p999))
      targets[name].loopDelayMaxMs = spread(own.map((round) => round.loopDelay.max))
    }
  }
  return { name: definition.name, title: definition.title, goals: definition.goals, targets }
}

/**
 * Measures one load and answers its summary and every round.
 *
 * @param {object} definition an entry of `throughputLoads`
 * @param {{ root: string, targets: string[], rounds: number, seconds: number, log: (line: string) => void }} context
 */
export async function measureThroughput(definition, { root, targets: names, rounds: count, seconds, log }) {
  const targets = []
  const rounds = []
  try {
    for (const name of names) targets.push(await startTarget(name, { root }))
    const optionsOf = new Map()
    for (const target of targets) {
      const filled = await fillTopic(target, definition)
      optionsOf.set(target, await optionsFor(target, definition, filled))
    }
    for (let round = 0; round < count; round++) {
      for (const target of rotated(targets, round)) {
        const warmUp = round === 0 ? firstWarmUpSeconds : warmUpSeconds
        const result = await observe(target, definition.kind, { ...optionsOf.get(target), warmUp, seconds })
        rounds.push({ round, ...result })
        log(roundLine(definition, round, result))
      }
    }
  } finally {
    for (const target of targets) await target.stop()
  }
  return { ...summarize(definition, rounds), rounds }
}

function roundLine(definition, round, result) {
  const delay = result.loopDelay
    ? `, loop delay p99.9 ${result.loopDelay.p999.toFixed(2)} ms, max ${result.loopDelay.max.toFixed(2)} ms`
    : ''
  return (
    `${definition.name} round ${round + 1} ${result.target.padEnd(6)} ${result.serverCpuMicrosPerRequest.toFixed(2)} µs, ` +
    `${Math.round(result.requestsPerSecond)} requests/s, server ${Math.round(result.serverCpuShare * 100)} %, ` +
    `client ${Math.round(result.clientCpuShare * 100)} %${delay}${foreignNote(result)}`
  )
}
