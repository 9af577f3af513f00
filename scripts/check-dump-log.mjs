/**
 * Apache Kafka as the judge of src/log: its own DumpLogSegments reads every segment, index, time index, transaction index
 * and producer snapshot of a data directory. Each line it prints must be one of those of sound files; anything else,
 * and a non-zero exit, is a complaint.
 *
 *   node scripts/check-dump-log.mjs [--require] DATA_DIRECTORY
 *
 * Needs java, and Kafka's jars in the directory that KAFKA_LIBS names (default `.oracle/libs`, see oracle/assemble.mjs).
 * Without them it says so and exits 0, or 1 with `--require`. The broker that owns the directory should be stopped.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const TOOL = 'org.apache.kafka.tools.DumpLogSegments'
/** One run of the tool takes so many files: a start of the JVM costs a second, a command line is bounded. */
const FILES_PER_RUN = 400
const SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot']
const SEGMENT_FILE = /^\d{20}\.(log|index|timeindex|txnindex|snapshot)$/
const PARTITION_DIRECTORY = /^[a-zA-Z0-9._-]+-\d+$/

/** What the tool prints of sound files. What it finds wrong goes to its standard error. */
const SOUND_LINES = [
  /^Dumping /,
  /^Log starting offset: \d+$/,
  /^baseOffset: \d+ .* isvalid: true$/,
  /^\| offset: \d+ /,
  /^offset: \d+ position: \d+$/,
  /^timestamp: -?\d+ offset: \d+$/,
  /^producerId: \d+ producerEpoch: -?\d+ /,
  /^version: 0 producerId: \d+ firstOffset: \d+ lastOffset: \d+ lastStableOffset: \d+$/,
]
/** Reading record by record the tool expects each file to begin at offset 0, Kafka's own files too. */
const GAP = /^Non-consecutive offsets in /
const GAP_AT_START = /^ {2}-1 is followed by \d+$/

const directory = process.argv.slice(2).find((argument) => !argument.startsWith('--'))
const isRequired = process.argv.includes('--require')

function filesOf(root) {
  const files = []
  for (const partition of readdirSync(root, { withFileTypes: true })) {
    if (!partition.isDirectory() || !PARTITION_DIRECTORY.test(partition.name)) continue
    for (const name of readdirSync(path.join(root, partition.name)).sort()) {
      if (SEGMENT_FILE.test(name)) files.push(path.join(root, partition.name, name))
    }
  }
  return files
}

/** Runs the tool over some files; resolves with the lines that are not those of sound files. */
async function dump(libs, files) {
  const heap = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const tool = [...heap, '-cp', path.join(libs, '*'), TOOL, '--deep-iteration', '--files', files.join(',')]
  const child = spawn('java', tool, { stdio: ['ignore', 'pipe', 'pipe'] })
  const complaints = []
  let lines = 0
  let gap
  const readOutput = async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      lines++
      if (line !== '' && !SOUND_LINES.some((sound) => sound.test(line))) complaints.push(line)
    }
  }
  const readErrors = async () => {
    for await (const line of createInterface({ input: child.stderr })) {
      if (gap !== undefined && GAP_AT_START.test(line)) gap = undefined
      else if (GAP.test(line)) gap = line
      else complaints.push(gap === undefined ? line : `${gap}: ${line.trim()}`)
    }
  }
  const exited = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  const [status] = await Promise.all([exited, readOutput(), readErrors()])
  if (status !== 0) complaints.push(`the tool ended with ${status}`)
  return { lines, complaints }
}

async function check(root, libs) {
  const files = filesOf(root)
  if (files.length === 0) throw new Error(`no segment files in the partition directories of ${root}`)
  let lines = 0
  const complaints = []
  for (let from = 0; from < files.length; from += FILES_PER_RUN) {
    const found = await dump(libs, files.slice(from, from + FILES_PER_RUN))
    lines += found.lines
    complaints.push(...found.complaints)
  }
  const counts = SUFFIXES.map((suffix) => `${files.filter((file) => file.endsWith(suffix)).length} ${suffix}`)
  console.log(`${root}: ${counts.join(', ')} files, ${lines} lines of Kafka's dump-log tool`)
  for (const complaint of complaints.slice(0, 50)) console.error(complaint)
  console.log(complaints.length === 0 ? 'nothing to complain about' : `${complaints.length} complaints`)
  return complaints.length === 0
}

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const libs = process.env.KAFKA_LIBS ?? path.join(repository, '.oracle/libs')
if (directory === undefined) {
  console.error('usage: node scripts/check-dump-log.mjs [--require] DATA_DIRECTORY')
  process.exitCode = 2
} else if (!existsSync(libs)) {
  console.log(`SKIPPED: no Kafka jars in ${libs}: run node scripts/oracle/assemble.mjs, or name them in KAFKA_LIBS`)
  process.exitCode = isRequired ? 1 : 0
} else {
  process.exitCode = (await check(path.resolve(directory), libs)) ? 0 : 1
}
