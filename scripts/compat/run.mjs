#!/usr/bin/env node
/**
 * Real clients, unmodified, against `sluice serve` with its default settings: every client produces in every codec it
 * has, and every client reads what all of them wrote; keys, values, headers, nulls and order must come out as they went
 * in, and what is on disk must be in the codec that was asked for. Prints a table and fails when anything differs. A
 * client that is not installed is skipped, loudly.
 *
 *   node scripts/compat/run.mjs [CLIENT ...]
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { javaClient, javaConsole } from './clients/java.mjs'
import { kcat } from './clients/kcat.mjs'
import { kafkajs, platformatic } from './clients/node.mjs'
import { confluentPython, kafkaPython } from './clients/python.mjs'
import { root, run, startBroker } from './processes.mjs'
import { assertSameRecords, codecs, storedCodecs } from './records.mjs'

const clients = [kcat, kafkaPython, confluentPython, kafkajs, platformatic, javaClient, javaConsole]

/** Cells by client and column: 'ok', 'plain', 'FAIL' or '-', and the reasons of the last three. */
class Report {
  rows = new Map()
  failures = []
  skips = []
  notes = []

  mark(client, column, cell) {
    if (!this.rows.has(client.name)) this.rows.set(client.name, new Map())
    this.rows.get(client.name).set(column, cell)
  }

  async check(client, column, action) {
    try {
      const outcome = await action()
      if (outcome?.plain !== undefined) this.plain(client, column, outcome.plain)
      else if (outcome?.skip === undefined) this.mark(client, column, 'ok')
      else this.skip(client, column, outcome.skip)
    } catch (error) {
      this.mark(client, column, 'FAIL')
      this.failures.push(`${client.name}, ${column}: ${error.message}`)
    }
  }

  /** Arrived byte-identical, but not in the codec that was asked for. */
  plain(client, column, reason) {
    this.mark(client, column, 'plain')
    this.notes.push(`${client.name}, ${column}: stored uncompressed: ${reason}`)
  }

  skip(client, column, reason) {
    this.mark(client, column, '-')
    this.skips.push(`${client.name}, ${column}: ${reason}`)
  }

  print() {
    const columns = [...new Set([...this.rows.values()].flatMap((row) => [...row.keys()]))]
    const width = Math.max(...[...this.rows.keys()].map((name) => name.length))
    const wide = (column) => Math.max(column.length, 5)
    console.log(`\n${''.padEnd(width)}  ${columns.map((column) => column.padEnd(wide(column))).join('  ')}`)
    for (const [name, row] of this.rows) {
      const cells = columns.map((column) => (row.get(column) ?? '').padEnd(wide(column)))
      console.log(`${name.padEnd(width)}  ${cells.join('  ')}`)
    }
    for (const note of this.notes) console.log(`LIMITED ${note}`)
    for (const reason of this.skips) console.log(`SKIPPED ${reason}`)
    for (const failure of this.failures) console.log(`FAILED ${failure}`)
    const cells = [...this.rows.values()].flatMap((row) => [...row.values()])
    const count = (cell) => cells.filter((each) => each === cell).length
    console.log(
      `compatibility: ${count('ok')} ok, ${count('FAIL')} failed, ${count('plain')} limited, ${count('-')} skipped`,
    )
  }
}

async function produceAll(client, broker, report) {
  const topics = []
  for (const codec of codecs) {
    if (!client.codecs.includes(codec)) {
      report.skip(client, codec, 'the client, as installed, does not have this codec')
      continue
    }
    const topic = `${client.name.replaceAll(/[^\w]+/g, '-').replace(/^-/, '')}-${codec}`
    const records = client.records(topic)
    await report.check(client, codec, async () => {
      try {
        await client.produce({ broker: broker.address, topic, codec, records })
      } catch (error) {
        if (client.isMissingCodec?.(error) && codec !== 'none') return { skip: error.message }
        throw error
      }
      topics.push({ topic, codec, count: records.length, records, text: client.textOnly === true || client === kcat })
      const stored = storedCodecs(broker.directory, topic)
      if (stored.has(codec)) return
      const reason = client.sendsPlain?.[codec]
      if (reason !== undefined && stored.has('none')) return { plain: reason }
      throw new Error(`stored as ${[...stored].join(', ')} instead of ${codec}`)
    })
  }
  return topics
}

async function consumeAll(client, broker, topics, report) {
  if (client.cannotConsume !== undefined) return report.skip(client, 'reads all', client.cannotConsume)
  const decodes = client.decodes ?? client.codecs
  const readable = topics.filter(({ text, codec }) => decodes.includes(codec) && (text || client.textOnly !== true))
  await report.check(client, 'reads all', async () => {
    if (readable.length === 0) throw new Error('nothing was produced that it could read')
    const found = await client.consume({ broker: broker.address, topics: readable })
    for (const { topic, records } of readable) assertSameRecords(found.get(topic), records, topic)
  })
}

async function exchangeAll(broker, wanted, report) {
  const present = []
  for (const client of wanted) {
    const reason = client.unavailable()
    if (reason === undefined) present.push(client)
    else report.skip(client, 'none', reason)
  }
  const topics = new Map()
  for (const client of present) topics.set(client, await produceAll(client, broker, report))
  const all = [...topics.values()].flat()
  for (const client of present) await consumeAll(client, broker, all, report)
  for (const client of present) {
    const [own] = topics.get(client)
    for (const [name, action] of Object.entries(client.extras)) {
      const context = { broker: broker.address, topic: own?.topic, count: own?.count }
      await report.check(client, name, () => action(context))
    }
  }
}

async function main(names) {
  const unknown = names.filter((name) => !clients.some((client) => client.name === name))
  if (unknown.length > 0) {
    console.error(`unknown client ${unknown.join(', ')}; there are: ${clients.map(({ name }) => name).join(', ')}`)
    process.exit(2)
  }
  await run('npm', ['run', 'build:bundle'], {})
  if (!existsSync(path.join(root, 'dist', 'bin', 'sluice.js'))) throw new Error('the build left no dist/bin/sluice.js')
  const directory = mkdtempSync(path.join(tmpdir(), 'sluice-compat-'))
  const report = new Report()
  const broker = await startBroker(path.join(directory, 'data'))
  console.log(`broker ${broker.address}, durability ${broker.facts.durability}, I/O ${broker.facts.ioMode}`)
  try {
    await exchangeAll(broker, names.length === 0 ? clients : clients.filter(({ name }) => names.includes(name)), report)
  } finally {
    const code = await broker.stop()
    if (code !== 0) report.failures.push(`the broker ended with ${code}\n${broker.log()}`)
    rmSync(directory, { recursive: true, force: true })
  }
  report.print()
  process.exit(report.failures.length === 0 ? 0 : 1)
}

await main(process.argv.slice(2))
