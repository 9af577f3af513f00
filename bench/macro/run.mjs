#!/usr/bin/env node
/**
 * Measures Sluice beside the bare-C floor and Apache Kafka. See bench/README.md for how to run it and what it does.
 *
 *   node bench/macro/run.mjs [--only NAME,…] [--targets floor,sluice,kafka] [--rounds 3] [--seconds 5]
 *                            [--root DIR] [--disk-root DIR] [--markdown] [--list]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { endToEndLoads, throughputLoads } from './loads.mjs'
import { describeMachine } from './machine.mjs'
import { buildPrograms } from './programs.mjs'
import { endToEndTable, footprintTable, provenance, rateTable, throughputTable } from './report.mjs'
import { measureConnections, measureEndToEnd, measurePartitions, measureStart } from './scenarios.mjs'
import { targetNames } from './targets.mjs'
import { measureThroughput } from './throughput.mjs'

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const outputDirectory = join(repository, 'bench/out')
const latestFile = join(outputDirectory, 'latest.json')
const page = join(repository, 'docs/PERFORMANCE.md')

const measurements = [
  ...throughputLoads.map((load) => ({ name: load.name, run: (context) => measureThroughput(load, context) })),
  ...endToEndLoads.map((load) => ({ name: load.name, run: (context) => measureEndToEnd(load, context) })),
  { name: 'start', run: measureStart },
  { name: 'connections', run: measureConnections },
  { name: 'partitions', run: measurePartitions },
]

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: measurements.map(({ name }) => name).join(',') },
      targets: { type: 'string', default: targetNames.join(',') },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      root: { type: 'string', default: '/dev/shm' },
      'disk-root': { type: 'string', default: outputDirectory },
      markdown: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  const only = values.only.split(',').filter((name) => name !== '')
  const targets = values.targets.split(',')
  const unknown = [
    ...only.filter((name) => !measurements.some((measurement) => measurement.name === name)),
    ...targets.filter((name) => !targetNames.includes(name)),
  ]
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; --list prints what there is`)
  return { ...values, only, targets, rounds: Number(values.rounds), seconds: Number(values.seconds) }
}

/** One measurement in fresh directories, which are gone afterwards. */
async function measure(measurement, options) {
  const root = mkdtempSync(join(options.root, 'sluice-bench-'))
  const diskRoot = mkdtempSync(join(options['disk-root'], 'sluice-bench-'))
  const remove = () => {
    for (const directory of [root, diskRoot]) rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', remove)
  try {
    const machine = describeMachine()
    const { targets, rounds, seconds } = options
    const result = await measurement.run({ root, diskRoot, targets, rounds, seconds, log: console.error })
    return { ...result, machine, measuredAt: new Date().toISOString() }
  } finally {
    remove()
    process.off('exit', remove)
  }
}

function readLatest() {
  try {
    return JSON.parse(readFileSync(latestFile, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

function save(result) {
  const stamp = result.measuredAt.replaceAll(/[:.]/g, '-')
  writeFileSync(join(outputDirectory, `${result.name}-${stamp}.json`), `${JSON.stringify(result, null, 2)}\n`)
  writeFileSync(latestFile, `${JSON.stringify({ ...readLatest(), [result.name]: result }, null, 2)}\n`)
}

/** The sections of the report that the results can fill. */
function sectionsOf(results) {
  const pick = (definitions) => definitions.map(({ name }) => results[name]).filter((result) => result !== undefined)
  const throughput = pick(throughputLoads)
  const endToEnd = pick(endToEndLoads)
  const footprint = pick([{ name: 'start' }, { name: 'connections' }, { name: 'partitions' }])
  const sections = {}
  if (throughput.length > 0) {
    sections.throughput = `${throughputTable(throughput)}\n\n${provenance(throughput)}`
    sections.rates = rateTable(throughput)
  }
  if (endToEnd.length > 0) sections['end-to-end'] = `${endToEndTable(endToEnd)}\n\n${provenance(endToEnd)}`
  if (footprint.length > 0) sections.footprint = `${footprintTable(results)}\n\n${provenance(footprint)}`
  return sections
}

/** Replaces what stands between `<!-- measured:NAME -->` and `<!-- /measured -->`. */
function refreshPage(sections) {
  let text = readFileSync(page, 'utf8')
  for (const [name, content] of Object.entries(sections)) {
    const place = new RegExp(`(<!-- measured:${name} -->\n)[^]*?(<!-- /measured -->)`)
    if (!place.test(text)) throw new Error(`${page} has no place for ${name}`)
    text = text.replace(place, (_, begin, end) => `${begin}\n${content}\n\n${end}`)
  }
  writeFileSync(page, text)
}

async function main() {
  const options = readOptions()
  if (options.list) {
    for (const { name } of measurements) console.log(name)
    return
  }
  /* An exit runs the hooks that end the servers and remove their directories. */
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
  mkdirSync(outputDirectory, { recursive: true })
  buildPrograms()
  const results = {}
  for (const measurement of measurements.filter(({ name }) => options.only.includes(name))) {
    const result = await measure(measurement, options)
    save(result)
    results[result.name] = result
  }
  for (const content of Object.values(sectionsOf(results))) console.log(`\n${content}`)
  if (options.markdown) refreshPage(sectionsOf(readLatest()))
}

await main()
