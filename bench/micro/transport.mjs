/**
 * What a frame costs in the transport alone: the handler answers every frame with 60 bytes and does nothing else. The
 * server is this process, whose processor time is counted; the load comes from another. Run `npm run build:ts` before.
 *
 *   node bench/micro/transport.mjs [seconds]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { openDisk } from '../../dist/native/open-disk.js'
import { openTransport } from '../../dist/native/open-transport.js'

const NEVER_MS = 3_600_000
const LOADS = [
  { frameBytes: 1024, connections: 16, inFlight: 8 },
  { frameBytes: 16 * 1024, connections: 8, inFlight: 2 },
  { frameBytes: 64 * 1024, connections: 8, inFlight: 2 },
  { frameBytes: 1024 * 1024, connections: 8, inFlight: 2 },
]
const ANSWER_BYTES = 64

if (process.argv[2] === 'load') await load(...process.argv.slice(3).map(Number))
else await measureAll(Number(process.argv[2] ?? 2))

async function measureAll(seconds) {
  console.log('frame bytes  connections  in flight  transport   µs CPU/frame   frames/s  frames/turn  CPU-s/GB')
  for (const run of LOADS) {
    for (const mode of ['native', 'portable']) await measure(mode, run, seconds)
  }
}

async function measure(mode, run, seconds) {
  const disk = openDisk({ mode })
  const transport = openTransport(limits(), disk)
  const { port } = await transport.listen({ host: '127.0.0.1', port: 0 })
  transport.start(answering(transport))
  const { frameBytes, connections, inFlight } = run
  const peer = spawn(process.execPath, [import.meta.filename, 'load', port, frameBytes, connections, inFlight], {
    stdio: 'inherit',
  })
  await passed(500)
  const before = { cpu: process.cpuUsage(), counters: transport.counters(), ns: process.hrtime.bigint() }
  await passed(seconds * 1000)
  const { user, system } = process.cpuUsage(before.cpu)
  const elapsed = Number(process.hrtime.bigint() - before.ns) / 1e9
  const counters = transport.counters()
  const frames = counters.framesIn - before.counters.framesIn
  const turns = counters.turns - before.counters.turns
  const bytes = counters.bytesIn - before.counters.bytesIn
  const columns = [
    String(frameBytes).padStart(11),
    String(connections).padStart(13),
    String(inFlight).padStart(11),
    mode.padStart(11),
    ((user + system) / frames).toFixed(2).padStart(15),
    Math.round(frames / elapsed)
      .toString()
      .padStart(11),
    (frames / turns).toFixed(1).padStart(13),
    ((user + system) / 1e6 / (bytes / 1e9)).toFixed(2).padStart(10),
  ]
  console.log(columns.join(''))
  peer.kill()
  await once(peer, 'exit')
  await transport.close()
  await disk.close()
}

function answering(transport) {
  const { output } = transport
  return {
    onOpen() {},
    onFrame(connection) {
      output.reserve(ANSWER_BYTES)
      const start = output.position
      output.bytes.writeInt32BE(ANSWER_BYTES - 4, start)
      output.position = start + ANSWER_BYTES
      transport.sendOutput(connection, start, output.position)
    },
    onTurnEnd() {},
    onPeerEnd: (connection) => transport.closeAfterOutput(connection),
    onClose() {},
    onRegionFailed() {},
  }
}

function limits() {
  return {
    frameBytesMax: 100 * 1024 * 1024,
    connectionsMax: 2 ** 31 - 1,
    connectionsPerAddressMax: 2 ** 31 - 1,
    headerDeadlineMs: NEVER_MS,
    bodyDeadlineMs: NEVER_MS,
    idleMs: NEVER_MS,
    outputBytesMax: 4 * 1024 * 1024,
    outputStallMs: NEVER_MS,
    sendBufferBytes: -1,
    receiveBufferBytes: -1,
  }
}

/** Keeps `inFlight` frames on the way on each connection. */
async function load(port, frameBytes, connections, inFlight) {
  const frame = Buffer.alloc(4 + frameBytes)
  frame.writeInt32BE(frameBytes)
  for (let i = 0; i < connections; i++) {
    let received = 0
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => process.exit(0))
    socket.on('data', (chunk) => {
      received += chunk.length
      socket.cork()
      for (; received >= ANSWER_BYTES; received -= ANSWER_BYTES) socket.write(frame)
      socket.uncork()
    })
    await once(socket, 'connect')
    for (let sent = 0; sent < inFlight; sent++) socket.write(frame)
  }
}

function passed(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
