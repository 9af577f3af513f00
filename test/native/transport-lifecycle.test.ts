import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ListenError } from '../../src/native/transport.ts'
import { frameOf, patternBytes, RawClient } from './support/raw-client.ts'
import { type LIMITS, MODES, type Mode, RecordingServer } from './support/recording-server.ts'

/** How connections come, end and are ended, and what is left of them. */
describe.each(MODES)('%s transport, lifecycle', (mode: Mode) => {
  const servers: RecordingServer[] = []
  const clients: RawClient[] = []

  async function serve(options: Partial<typeof LIMITS> = {}): Promise<RecordingServer> {
    const server = await new RecordingServer(mode, options).start()
    servers.push(server)
    return server
  }

  async function connect(server: RecordingServer, host = '127.0.0.1'): Promise<RawClient> {
    const client = await RawClient.connect(server.port, { host })
    clients.push(client)
    return client
  }

  async function echoOne(client: RawClient): Promise<void> {
    const frame = frameOf(patternBytes(100, 1))
    const before = client.byteLength
    client.write(frame)
    await client.received(before + frame.length)
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    for (const server of servers.splice(0)) await server.stop()
  })

  it('says who connected, to which listener', async () => {
    const server = new RecordingServer(mode)
    servers.push(server)
    const first = await server.listen()
    const second = await server.listen()
    expect([first, second]).toMatchObject([
      { listener: 0, host: '127.0.0.1', family: 'IPv4' },
      { listener: 1, host: '127.0.0.1', family: 'IPv4' },
    ])
    server.port = second.port
    server.transport.start(server)
    const client = await connect(server)
    await server.until(() => server.opened.length === 1)
    expect(server.infos.get(server.opened[0]!)).toMatchObject({
      listener: 1,
      remoteAddress: '127.0.0.1',
      remotePort: client.socket.localPort,
    })
    expect(server.transport.connectionCount).toBe(1)
  })

  it('serves those who connected before it was started', async () => {
    const server = new RecordingServer(mode)
    servers.push(server)
    server.port = (await server.listen()).port
    const client = await connect(server)
    client.write(frameOf(Buffer.from('early')))
    server.transport.start(server)
    expect((await client.received(9)).toString('latin1', 4)).toBe('early')
  })

  it('answers a peer that has ended, then closes', async () => {
    const server = await serve()
    const client = await connect(server)
    const answer = patternBytes(8 * 1024 * 1024, 1)
    let answered = () => {}
    server.handle = (connection) => {
      answered = () => {
        server.send(connection, answer)
        server.transport.closeAfterOutput(connection)
        server.transport.flush()
      }
    }
    server.ended = () => {}
    client.socket.end(frameOf(Buffer.from('request')))
    await server.until(() => server.peerEnded.length === 1)
    expect(server.closed).toEqual([])
    answered()
    expect((await client.toEnd()).equals(frameOf(answer))).toBe(true)
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'peer' }])
  })

  it('sends the answers of the turn in which a peer ends', async () => {
    const server = await serve()
    const client = await connect(server)
    const stream = Buffer.concat([1, 50_000, 3_000_000].map((size) => frameOf(patternBytes(size, size))))
    client.socket.end(stream)
    expect((await client.toEnd()).equals(stream)).toBe(true)
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'peer' }])
  })

  it('tells a reset', async () => {
    const server = await serve()
    const client = await connect(server)
    await echoOne(client)
    client.socket.resetAndDestroy()
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'reset' }])
    expect(server.transport.connectionCount).toBe(0)
  })

  it('closes whoever never completes the length of a frame', async () => {
    const server = await serve({ headerDeadlineMs: 80 })
    const fine = await connect(server)
    const stalled = await connect(server)
    await echoOne(stalled)
    stalled.write(Buffer.from([0, 0]))
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'header-deadline' }])
    await stalled.toEnd()
    await echoOne(fine)
  })

  it('closes whoever stops inside a frame', async () => {
    const server = await serve({ bodyDeadlineMs: 80 })
    const fine = await connect(server)
    const stalled = await connect(server)
    stalled.write(frameOf(patternBytes(100_000, 1)).subarray(0, 60_000))
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'body-deadline' }])
    await stalled.toEnd()
    await echoOne(fine)
  })

  it('closes the idle, but not who is paused for us', async () => {
    const server = await serve({ idleMs: 80 })
    const paused = await connect(server)
    server.handle = (connection) => server.transport.setPaused(connection, true)
    paused.write(frameOf(Buffer.from('long poll')))
    await server.until(() => server.frames === 1)
    await connect(server)
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'idle' }])
    expect(server.closed[0]!.connection).not.toBe(server.opened[0])
    server.transport.setPaused(server.opened[0]!, false)
    await server.until(() => server.closed.length === 2)
    expect(server.closed[1]).toMatchObject({ connection: server.opened[0], reason: 'idle' })
  })

  it('closes whoever does not read its answers', async () => {
    const server = await serve({ outputStallMs: 100 })
    const client = await connect(server)
    client.socket.pause()
    server.handle = (connection) => server.send(connection, patternBytes(32 * 1024 * 1024, 1))
    client.write(frameOf(Buffer.from('x')))
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'output-stalled' }])
  })

  it('refuses connections above the limit, until one has gone', async () => {
    const server = await serve({ connectionsMax: 2 })
    const first = await connect(server)
    await echoOne(first)
    await echoOne(await connect(server))
    await (await connect(server)).toEnd()
    expect(server.transport.counters()).toMatchObject({ accepted: 2, refused: 1 })
    await first.close()
    await server.until(() => server.closed.length === 1)
    await echoOne(await connect(server))
  })

  it('limits connections by address', async () => {
    const server = await serve({ connectionsPerAddressMax: 1 })
    const first = await connect(server)
    await echoOne(first)
    await (await connect(server)).toEnd()
    expect(server.transport.counters()).toMatchObject({ accepted: 1, refused: 1 })
    await first.close()
    await server.until(() => server.closed.length === 1)
    await echoOne(await connect(server))
  })

  it('says why it cannot listen', async () => {
    const taken = createServer()
    taken.listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const server = new RecordingServer(mode)
    servers.push(server)
    const { port } = address
    await expect(server.listen('127.0.0.1', port)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      host: '127.0.0.1',
      port,
    })
    await expect(server.listen('127.0.0.1', port)).rejects.toBeInstanceOf(ListenError)
    // A test network (RFC 5737): nobody has this address.
    await expect(server.listen('192.0.2.1', 0)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL', host: '192.0.2.1' })
    taken.close()
  })

  it('serves IPv6, and both wildcards on one port', async () => {
    const server = await serve()
    const six = await server.listen('::1')
    expect(six).toMatchObject({ host: '::1', family: 'IPv6' })
    const client = await RawClient.connect(six.port, { host: '::1' })
    clients.push(client)
    await echoOne(client)
    expect(server.infos.get(server.opened[0]!)).toMatchObject({ remoteAddress: '::1', listener: six.listener })
    const any = await server.listen('0.0.0.0')
    const any6 = await server.listen('::', any.port)
    for (const host of ['127.0.0.1', '::1']) {
      const both = await RawClient.connect(any6.port, { host })
      clients.push(both)
      await echoOne(both)
    }
  })

  it('listens on names', async () => {
    const server = await serve()
    const bound = await server.listen('localhost')
    const client = await RawClient.connect(bound.port, { host: bound.host })
    clients.push(client)
    await echoOne(client)
  })

  it('stops listening, and serves on whom it has', async () => {
    const server = await serve()
    const client = await connect(server)
    await echoOne(client)
    await server.transport.stopListening()
    await expect(RawClient.connect(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await echoOne(client)
    const again = await new RecordingServer(mode).start()
    servers.push(again)
    await expect(again.listen('127.0.0.1', server.port)).resolves.toMatchObject({ port: server.port })
  })

  it('closes everything at once, and tells the handler', async () => {
    const server = await serve()
    const peers = await Promise.all([0, 1, 2].map(() => connect(server)))
    for (const peer of peers) await echoOne(peer)
    server.handle = () => void server.transport.close()
    peers[0]!.write(frameOf(Buffer.from('close')))
    await server.until(() => server.closed.length === 3)
    await server.transport.close()
    expect(server.closed.map(({ reason }) => reason)).toEqual(['local', 'local', 'local'])
    for (const peer of peers) await peer.toEnd()
    expect(server.transport.connectionCount).toBe(0)
    await expect(RawClient.connect(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('closes without ever having been started', async () => {
    const server = new RecordingServer(mode)
    const { port } = await server.listen()
    await server.stop()
    await expect(RawClient.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('keeps several transports in one process apart', async () => {
    const [one, two] = [await serve(), await serve()]
    const clientsOfBoth = [await connect(one), await connect(two)]
    for (const client of clientsOfBoth) await echoOne(client)
    await one.transport.close()
    await clientsOfBoth[0]!.toEnd()
    await echoOne(clientsOfBoth[1]!)
    expect(two.closed).toEqual([])
  })

  it('leaves no descriptor behind in thousands of connections, and reuses no id', async () => {
    const server = await serve()
    await echoOne(await connect(server))
    const before = readdirSync('/proc/self/fd').length
    for (let round = 0; round < 40; round++) {
      const batch = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(server.port)))
      const [half, rest] = [batch.slice(0, 25), batch.slice(25)]
      for (const client of half) client.socket.end(frameOf(Buffer.from('x')))
      await Promise.all(half.map((client) => client.toEnd()))
      await Promise.all([...half, ...rest].map((client) => client.close()))
    }
    await server.until(() => server.closed.length === 2000)
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
    expect(new Set(server.opened).size).toBe(2001)
  })
})
