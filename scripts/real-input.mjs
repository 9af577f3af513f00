// Sends a file of real text lines through the broker and compares what comes out.
//
//   node scripts/real-input.mjs [--gigabytes 2] [--keep]
//
// The records are JSON with lines of what is on this machine: package lists,
// documentation, source code and logs, numbered, until the size is reached. They go
// in through kcat and come out through another client (python3-confluent-kafka).
// Then the broker's own counters are shown: how many bytes went out by sendfile,
// and how many batches one pwritev wrote. Needs a build, kcat, python3-confluent-kafka and strace.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { gigabytes: { type: 'string', default: '2' }, keep: { type: 'boolean' } },
})
/** Real text lines in each JSON record. */
const LINES_PER_RECORD = 8
const wanted = Number(options.gigabytes) * 1e9
const main = new URL('../dist/cli/main.js', import.meta.url).pathname

for (const [tool, ...flags] of [
  ['kcat', '-V'],
  ['strace', '-V'],
  ['/usr/bin/python3', '-c', 'import confluent_kafka'],
]) {
  if (spawnSync(tool, flags).status !== 0) {
    console.error(
      `SKIPPED: ${tool} ${flags.join(' ')} does not work here (Debian packages kcat, strace, python3-confluent-kafka)`,
    )
    process.exit(0)
  }
}

/** Text files of the machine, largest folders of real text first. */
async function* sources() {
  for (const root of ['/var/lib/dpkg/info', '/usr/share/doc', '/usr/include', '/usr/lib/python3', '/var/log']) {
    for (const name of await readdir(root, { recursive: true }).catch(() => [])) {
      if (!/\.(list|h|py|log|txt|md5sums|copyright|status|hpp|c)$|copyright$/.test(name)) continue
      yield path.join(root, name)
    }
  }
}

async function gatherLines() {
  const lines = []
  let byteLength = 0
  for await (const file of sources()) {
    const info = await stat(file).catch(() => undefined)
    if (info === undefined || !info.isFile() || info.size > 4e6) continue
    for (const line of (await readFile(file, 'latin1')).split('\n')) {
      const clean = line.replace(/[^\x20-\x7e\t]/g, '?')
      if (clean.length === 0 || clean.length > 4000) continue
      lines.push(clean)
      byteLength += clean.length
    }
    if (byteLength > 200e6) break
  }
  return lines
}

async function writeInput(file) {
  const lines = await gatherLines()
  const output = createWriteStream(file)
  let written = 0
  let number = 0
  while (written < wanted) {
    let block = ''
    for (let index = 0; index < 1000; index++) {
      const from = (number * LINES_PER_RECORD) % (lines.length - LINES_PER_RECORD)
      block += `${JSON.stringify({ number, lines: lines.slice(from, from + LINES_PER_RECORD) })}\n`
      number++
    }
    written += block.length
    if (!output.write(block, 'latin1')) await once(output, 'drain')
  }
  output.end()
  await once(output, 'finish')
  console.log(`input: ${number} records, ${(written / 1e9).toFixed(2)} GB from ${lines.length} distinct lines`)
}

async function digest(stream) {
  const hash = createHash('sha256')
  let byteLength = 0
  for await (const chunk of stream) {
    hash.update(chunk)
    byteLength += chunk.length
  }
  return `${hash.digest('hex')} (${byteLength} bytes)`
}

const directory = await mkdtemp(path.join(tmpdir(), 'sluice-real-'))
const input = path.join(directory, 'input.txt')
const trace = path.join(directory, 'strace.txt')
let broker
try {
  await writeInput(input)
  const flags = ['--port', '0', '--log-dirs', path.join(directory, 'data'), '--log-format', 'json']
  broker = spawn(process.execPath, [main, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  while (!output.includes('"msg":"ready"')) output += (await once(broker.stdout, 'data'))[0]
  const { port } = JSON.parse(output.split('\n').find((line) => line.includes('"msg":"ready"'))).listeners[0]
  const tracer = spawn('strace', ['-f', '-c', '-qq', '-o', trace, '-p', String(broker.pid)], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 500))

  let started = performance.now()
  const kcat = spawn(
    'kcat',
    ['-b', `127.0.0.1:${port}`, '-t', 'real', '-P', '-l', input, '-X', 'queue.buffering.max.messages=1000000'],
    { stdio: 'inherit' },
  )
  if ((await once(kcat, 'exit'))[0] !== 0) throw new Error('kcat failed')
  console.log(`in:  kcat, ${((performance.now() - started) / 1000).toFixed(1)} s (under strace)`)

  started = performance.now()
  const python = spawn(
    '/usr/bin/python3',
    [new URL('./real-input-consume.py', import.meta.url).pathname, String(port), 'real'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [expected, actual] = [await digest(createReadStream(input)), await digest(python.stdout)]
  console.log(`out: python3-confluent-kafka, ${((performance.now() - started) / 1000).toFixed(1)} s (under strace)`)
  console.log(`sent     ${expected}\nreceived ${actual}`)

  tracer.kill('SIGINT')
  await once(tracer, 'exit')
  broker.kill('SIGTERM')
  await once(broker, 'exit')
  const calls = (await readFile(trace, 'utf8'))
    .split('\n')
    .filter((line) => /calls|sendfile|pwritev|fdatasync|sendmsg|readv|pread/.test(line))
  console.log(calls.join('\n'))
  if (expected !== actual) throw new Error('what came out is not what went in')
  if (!calls.some((line) => line.includes('sendfile'))) throw new Error('nothing was served by sendfile')
  console.log('ok: byte-identical')
} catch (error) {
  console.error(`FAILED: ${error.message}`)
  process.exitCode = 1
} finally {
  if (broker !== undefined && broker.exitCode === null) broker.kill('SIGKILL')
  if (!options.keep) await rm(directory, { recursive: true, force: true })
}
