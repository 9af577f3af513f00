/** What the figures were measured on, and how much of it somebody else used meanwhile. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

function outputOf(command, argumentList) {
  try {
    return execFileSync(command, argumentList, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  } catch {
    return 'unknown'
  }
}

export function describeMachine() {
  return {
    processors: availableParallelism(),
    model: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    congestionControl: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    commit: outputOf('git', ['rev-parse', '--short', 'HEAD']),
    loadAverage: loadavg().map((value) => Number(value.toFixed(2))),
  }
}

/** Seconds of processor time that the whole machine has used; a tick is 10 ms. */
export function busySeconds() {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/)
  return [user, nice, system, irq, softirq].reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}

/** Nanoseconds on a processor of all living threads of a process. */
export function processCpuNs(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    return sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  }, 0)
}

/** A field of /proc/PID/status that is given in kB, in bytes. */
export function processMemory(pid, field) {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match[1]) * 1024
}
