/**
 * Runs a load and takes, at the two ends of its measured window, what the load client cannot see: the delay of the
 * server's event loop, and how much of the machine went to processes that are neither the server nor the client. The
 * latter is told because it is the first reason to distrust a figure.
 */
import { busySeconds } from './machine.mjs'
import { runLoad } from './programs.mjs'

export async function observe(target, mode, options) {
  const readings = []
  const busy = {}
  const result = await runLoad(mode, { port: target.port, serverPid: target.pid, ...options }, (edge) => {
    busy[edge] = busySeconds()
    if (target.loopDelay) readings.push(target.loopDelay())
  })
  const delays = await Promise.all(readings)
  const ownShare = result.serverCpuShare + result.clientCpuShare
  const foreignCpuShare = Math.max(0, (busy.end - busy.begin) / result.seconds - ownShare)
  return { target: target.name, ...result, foreignCpuShare, loopDelay: delays.at(-1) }
}

/** A word of warning for the log when others used more than a tenth of a processor. */
export function foreignNote({ foreignCpuShare }) {
  return foreignCpuShare > 0.1 ? `, OTHERS USED ${Math.round(foreignCpuShare * 100)} % of a core` : ''
}
