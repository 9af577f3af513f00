/** Turns results into tables, and says of every goal whether it is met. */
import { connectionGoals, partitionGoals, startGoals } from './loads.mjs'

function number(value, digits = 1) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** `15.3 (14.9–15.8)` */
function range(values, digits = 1) {
  return `${number(values.median, digits)} (${number(values.min, digits)}–${number(values.max, digits)})`
}

function verdict(value, limit) {
  return value <= limit ? 'met' : 'MISSED'
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

function ratioCell(result, peer) {
  const own = result.targets.sluice?.cpuMicrosPerRequest
  const other = result.targets[peer]?.cpuMicrosPerRequest
  if (!own || !other) return '–'
  const ratio = own.median / other.median
  return `${number(ratio, 2)} of ${number(result.goals[peer], 2)}: ${verdict(ratio, result.goals[peer])}`
}

/** CPU µs per request, with the ratios that are the goals. */
export function throughputTable(results) {
  const cpu = (result, name) => {
    const values = result.targets[name]?.cpuMicrosPerRequest
    return values ? range(values) : '–'
  }
  const header = ['load', 'floor µs', 'Sluice µs', 'Kafka µs', 'Sluice / floor', 'Sluice / Kafka']
  const rows = results.map((result) => [
    result.title,
    ...['floor', 'sluice', 'kafka'].map((name) => cpu(result, name)),
    ratioCell(result, 'floor'),
    ratioCell(result, 'kafka'),
  ])
  return table(header, rows)
}

/** What the same runs reached when nobody held them back, and how they treated the event loop. */
export function rateTable(results) {
  const header = ['load', 'target', 'requests/s', 'MB/s', 'p99 ms', 'loop delay p99.9 / max ms', 'others’ CPU']
  const rows = results.flatMap((result) =>
    Object.entries(result.targets).map(([name, values]) => [
      result.title,
      name,
      number(values.requestsPerSecond.median, 0),
      number(values.megabytesPerSecond.median, 0),
      number(values.latencyP99Ms.median, 2),
      values.loopDelayMaxMs
        ? `${number(values.loopDelayP999Ms.median, 2)} / ${number(values.loopDelayMaxMs.max, 2)}`
        : '–',
      `${number(values.foreignCpuShare.median * 100, 0)} %`,
    ]),
  )
  return table(header, rows)
}

export function endToEndTable(results) {
  const header = [
    'load',
    'target',
    'held',
    'received/s',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'max ms',
    'CPU µs',
    'others’ CPU',
    'goal',
  ]
  const rows = results.flatMap((result) =>
    Object.entries(result.targets).map(([name, values]) => {
      const held = values.heldRounds === values.rounds
      const fast = result.p99MsMax === undefined || values.p99Ms.median < result.p99MsMax
      return [
        result.title,
        name,
        `${values.heldRounds} of ${values.rounds} rounds`,
        number(values.achievedPerSecond.median, 0),
        ...[values.p50Ms, values.p99Ms, values.p999Ms].map((percentile) => range(percentile, 2)),
        number(values.maxMs.max, 1),
        number(values.cpuMicrosPerRecord.median),
        `${number(values.foreignCpuShare.median * 100, 0)} %`,
        name === 'sluice' ? (held && fast ? 'met' : 'MISSED') : '–',
      ]
    }),
  )
  return table(header, rows)
}

function startRows({ acceptMs, acceptCpuMs, residentBytes, idleCpuShare }) {
  const mebibytes = residentBytes / 2 ** 20
  const { acceptMsMax, residentMiBMax, idleCpuShareMax } = startGoals
  return [
    ['start to accept, ms', range(acceptMs, 0), acceptMsMax, verdict(acceptMs.median, acceptMsMax)],
    ['CPU time used until then, ms', range(acceptCpuMs, 0), '–', '–'],
    ['idle resident memory, MiB', number(mebibytes), residentMiBMax, verdict(mebibytes, residentMiBMax)],
    [
      'idle CPU, % of a core',
      number(idleCpuShare * 100, 3),
      idleCpuShareMax * 100,
      verdict(idleCpuShare, idleCpuShareMax),
    ],
  ]
}

function connectionRows({ connections, bytesEach }) {
  const limit = connectionGoals.bytesEachMax / 1024
  const kibibytes = bytesEach / 1024
  return [[`${connections} idle connections, KiB each`, number(kibibytes), limit, verdict(kibibytes, limit)]]
}

function partitionRows({ partitions, bytesEach, startMs, startCpuMs, metadata }) {
  const { bytesEachMax, startMsMax, stallMsMax } = partitionGoals
  const stallMs = metadata.loopDelay.max
  return [
    [
      `${partitions} partitions, KiB each`,
      number(bytesEach / 1024),
      bytesEachMax / 1024,
      verdict(bytesEach, bytesEachMax),
    ],
    [`clean start with ${partitions} partitions, ms`, number(startMs, 0), startMsMax, verdict(startMs, startMsMax)],
    ['CPU time used until then, ms', number(startCpuMs, 0), '–', '–'],
    [
      `Metadata of ${partitions} partitions, longest stall, ms`,
      number(stallMs),
      stallMsMax,
      verdict(stallMs, stallMsMax),
    ],
  ]
}

/** Start, idle cost, connections and partitions in one table; what was not measured is not in it. */
export function footprintTable({ start, connections, partitions }) {
  const rows = [
    ...(start ? startRows(start) : []),
    ...(connections ? connectionRows(connections) : []),
    ...(partitions ? partitionRows(partitions) : []),
  ]
  return table(['what', 'measured', 'at most', 'goal'], rows)
}

/** One line for the machine and the time, under each table: figures without them mean nothing. */
export function provenance(results) {
  const lines = new Set(
    results.map(({ machine, measuredAt, rounds }) => {
      const roundCount = Array.isArray(rounds) ? new Set(rounds.map(({ round }) => round)).size : undefined
      return (
        `Measured ${measuredAt.slice(0, 10)} at ${machine.commit}: ${machine.processors} processors (${machine.model}), ` +
        `Linux ${machine.kernel}, Node ${machine.node}, ${machine.congestionControl}` +
        `${roundCount ? `, ${roundCount} rounds` : ''}.`
      )
    }),
  )
  return [...lines].join('\n')
}
