/**
 * Runs `sluice serve` with the event loop's delay recorded beside it, so that the broker itself needs no hook:
 *
 *   node bench/macro/serve-with-loop-delay.mjs REPORT_FILE serve [flags of sluice serve]…
 *
 * SIGUSR2 writes what was recorded since the one before, as JSON with a running number, and starts afresh. SIGPWR
 * collects all garbage first: memory is compared only between two such moments, or the garbage of the start would hide
 * what is measured. The monitor is a timer of one millisecond whose lateness is recorded: it sees every stall to within
 * that millisecond and costs about 0.3 % of a core, which counts against the broker.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const resolutionMs = 1
/** Long enough that the monitor has fired: the pause of a collection we asked for is no stall of the broker. */
const afterCollectionMs = 100
const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const main = resolve(repository, 'dist/cli/main.js')
const [node, , reportFile, ...brokerArguments] = process.argv

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')
setFlagsFromString('--no-expose-gc')

const delay = monitorEventLoopDelay({ resolution: resolutionMs })
delay.enable()
let sequence = 0

/** The monitor records the distance between two timer calls, hence the resolution is part of every value. */
function delayMs(intervalNs) {
  return Math.max(0, intervalNs / 1e6 - resolutionMs)
}

function report() {
  sequence += 1
  const summary = {
    sequence,
    count: delay.count,
    p50: delayMs(delay.percentile(50)),
    p99: delayMs(delay.percentile(99)),
    p999: delayMs(delay.percentile(99.9)),
    max: delayMs(delay.max),
    residentBytes: process.memoryUsage.rss(),
  }
  delay.reset()
  writeFileSync(`${reportFile}.new`, JSON.stringify(summary))
  renameSync(`${reportFile}.new`, reportFile)
}

process.on('SIGUSR2', report)
process.on('SIGPWR', () => {
  collectGarbage()
  setTimeout(report, afterCollectionMs)
})

process.argv = [node, main, ...brokerArguments]
await import(pathToFileURL(main).href)
