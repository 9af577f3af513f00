import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, it } from 'vitest'
import { frameOf, patternBytes, RawClient } from './support/raw-client.ts'
import { eventually, RecordingServer } from './support/recording-server.ts'

const PACKAGE = path.resolve(import.meta.dirname, '../..')
const servers: RecordingServer[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  for (const server of servers.splice(0)) await server.stop()
})

/** A socket layer that answers five bytes to each frame, for a thread or process that cannot load TypeScript. */
const ECHO_PROGRAM = `
  const addon = require('node-gyp-build')(${JSON.stringify(PACKAGE)})
  const never = 3600000
  const sockets = new addon.Sockets({
    frameBytesMax: 1e6, connectionsMax: 1e6, connectionsPerAddressMax: 1e6, headerDeadlineMs: never,
    bodyDeadlineMs: never, idleMs: never, outputBytesMax: 1e9, outputStallMs: never, sendBufferBytes: -1,
    receiveBufferBytes: -1,
  })
  const { rows, commands } = sockets.shared()
  const arena = Buffer.alloc(1e6)
  sockets.setArena(arena)
  const port = sockets.listen('127.0.0.1', 0, 128)
  sockets.start((count) => {
    let sent = 0
    for (let at = 0; at < count * 5; at += 5) {
      arena.writeInt32BE(1, 0)
      if (rows[at] === 0) commands.set([1, rows[at + 1], 0, 5, 0, 0], 6 * sent++)
      if (rows[at] === 2) commands.set([5, rows[at + 1], 0, 0, 0, 0], 6 * sent++)
    }
    sockets.flush(sent)
  })`

async function startWorker(): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(`${ECHO_PROGRAM}\nrequire('node:worker_threads').parentPort.postMessage(port)`, {
    eval: true,
  })
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { worker, port }
}

it('leaves nothing behind when a worker is terminated with live connections', async () => {
  await (await startWorker()).worker.terminate()
  const before = readdirSync('/proc/self/fd').length
  for (let round = 0; round < 5; round++) {
    const { worker, port } = await startWorker()
    const live = await Promise.all([0, 1, 2, 3].map(() => RawClient.connect(port)))
    for (const client of live) client.write(frameOf(patternBytes(10, 1)))
    await Promise.all(live.map((client) => client.received(5)))
    // One in the middle of a frame.
    live[0]!.write(frameOf(patternBytes(500_000, 1)).subarray(0, 200_000))
    await worker.terminate()
    await Promise.all(live.map((client) => client.toEnd()))
    await Promise.all(live.map((client) => client.close()))
  }
  await expect.poll(() => readdirSync('/proc/self/fd').length, { timeout: 10_000 }).toBeLessThanOrEqual(before)
})

it.each([
  ['process.exit', 'process.exit(0)'],
  ['closing the layer', 'sockets.close()'],
])('ends the process cleanly by %s with live connections', (_, ending) => {
  const program = `${ECHO_PROGRAM}
    const client = require('node:net').connect(port, '127.0.0.1')
    client.on('error', () => {})
    client.write(Buffer.from([0, 0, 0, 1, 7]))
    client.once('data', () => { ${ending} })`
  const result = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 20_000 })
  expect(result).toMatchObject({ status: 0, signal: null, stderr: '' })
})

it('refuses, counts and goes on when the process has no descriptor left', async () => {
  const program = `${ECHO_PROGRAM}
    console.log(port)
    process.stdin.once('data', () => {
      console.log(JSON.stringify(sockets.counters()))
      process.exit(0)
    })`
  const child = spawn('sh', ['-c', 'ulimit -n 100; exec "$0" -e "$1"', process.execPath, program])
  const said = async () => String((await once(child.stdout, 'data'))[0])
  const port = Number(await said())
  const many: RawClient[] = []
  for (let i = 0; i < 200; i++) many.push(await RawClient.connect(port))
  await eventually(() => many.filter((client) => client.ended || client.closed).length >= 100)
  for (const client of many) await client.close()
  // The first may still come before the server has heard of the closes.
  let served = false
  while (!served) {
    const client = await RawClient.connect(port)
    client.write(frameOf(Buffer.from([7])))
    served = await client.received(5).then(
      () => true,
      () => false,
    )
    await client.close()
  }
  child.stdin.write('counters')
  const counters = JSON.parse(await said())
  expect(counters.refusedNoDescriptor).toBeGreaterThanOrEqual(100)
  expect(counters.refused).toBe(counters.refusedNoDescriptor)
  expect(counters.accepted + counters.refused).toBeGreaterThan(200)
})

it('tells a reset also of connections that are not being read', async () => {
  const server = await new RecordingServer('native').start()
  servers.push(server)
  const client = await RawClient.connect(server.port)
  server.handle = (connection) => server.transport.setPaused(connection, true)
  client.write(frameOf(Buffer.from('long poll')))
  await server.until(() => server.frames === 1)
  client.socket.resetAndDestroy()
  await server.until(() => server.closed.length === 1)
  expect(server.closed).toMatchObject([{ reason: 'reset', detail: 'ECONNRESET' }])
})

it('moves no byte of a region through the process', async () => {
  const server = await new RecordingServer('native').start()
  servers.push(server)
  const file = await server.disk.open(path.join(PACKAGE, 'package-lock.json'), {})
  const byteLength = await file.size()
  const client = await RawClient.connect(server.port)
  clients.push(client)
  await server.until(() => server.opened.length === 1)
  const sendfileBytes = () => server.disk.latencies().find(({ syscall }) => syscall === 'sendfile')?.bytes ?? 0
  const before = sendfileBytes()
  server.transport.sendBytes(server.opened[0]!, Buffer.from('head'))
  server.transport.sendRegion(server.opened[0]!, file, 0, byteLength)
  server.transport.flush()
  await client.received(4 + byteLength)
  expect(sendfileBytes() - before).toBe(byteLength)
  expect(server.transport.counters()).toMatchObject({ bytesOut: 4 + byteLength, regionBytesOut: byteLength })
  file.close()
})

it('receives into the same few bytes again and again', async () => {
  const server = await new RecordingServer('native').start()
  servers.push(server)
  const client = await RawClient.connect(server.port)
  clients.push(client)
  const places = new Set<string>()
  let expected = 0
  server.handle = (connection, slab, offset, byteLength) => {
    places.add(`${slab.id}:${offset}`)
    server.echo(connection, slab, offset, byteLength)
  }
  for (let i = 0; i < 20; i++) {
    client.write(frameOf(patternBytes(1000, i)))
    expected += 1004
    await client.received(expected)
  }
  expect([...places]).toHaveLength(1)
})

it('keeps no buffer for connections that are between frames', async () => {
  const server = await new RecordingServer('native').start()
  servers.push(server)
  const program = `
    const net = require('node:net')
    let open = 0
    for (let i = 0; i < 1000; i++) {
      const socket = net.connect(${server.port}, '127.0.0.1', () => socket.write(Buffer.from([0, 0, 0, 1, 7])))
      socket.once('data', () => { if (++open === 1000) console.log('all') })
    }`
  const inUse = server.disk.slabs.bytesInUse
  const peer = spawn(process.execPath, ['-e', program])
  await new Promise((resolve) => peer.stdout.once('data', resolve))
  expect(server.transport.connectionCount).toBe(1000)
  // The arena, and nothing for those who are between frames.
  expect(server.disk.slabs.bytesInUse - inUse).toBeLessThanOrEqual(2 * 1024 * 1024)
  peer.kill()
  await eventually(() => server.closed.length === 1000)
  expect(server.transport.connectionCount).toBe(0)
})

it('sets the congestion control it is told, and says when the kernel has none of that name', async () => {
  const server = await new RecordingServer('native', { congestionControl: 'reno' }).start()
  const wrong = new RecordingServer('native', { congestionControl: 'none-such' })
  servers.push(server, wrong)
  const client = await RawClient.connect(server.port)
  clients.push(client)
  const shown = spawnSync('ss', ['-tniH', 'sport', '=', `:${server.port}`], { encoding: 'utf8' })
  // Where there is no `ss`, the name below still shows that the option reaches the kernel.
  if (shown.status === 0) expect(shown.stdout).toContain('reno')
  await expect(wrong.listen()).rejects.toMatchObject({ code: 'ENOENT' })
})

it('takes connections that are reset before they are accepted', async () => {
  const server = new RecordingServer('native')
  servers.push(server)
  server.port = (await server.listen()).port
  const gone: Socket[] = []
  for (let i = 0; i < 20; i++) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('connect', resolve))
    gone.push(socket)
  }
  for (const socket of gone) socket.resetAndDestroy()
  server.transport.start(server)
  const client = await RawClient.connect(server.port)
  clients.push(client)
  client.write(frameOf(Buffer.from('x')))
  await client.received(5)
  await eventually(() => server.opened.length === server.closed.length + 1)
})
