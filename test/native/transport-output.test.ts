import { unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DiskFile } from '../../src/native/disk.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { frameOf, patternBytes, RawClient, seeded } from './support/raw-client.ts'
import { eventually, type LIMITS, MODES, type Mode, RecordingServer } from './support/recording-server.ts'

const MEGABYTE = 1024 * 1024

/**
 * What leaves: bytes and file regions of a connection in the order they were
 * sent, whole or not at all, however slowly the peer reads; bounded while it
 * does not; nobody starves.
 */
describe.each(MODES)('%s transport, output', (mode: Mode) => {
  const servers: RecordingServer[] = []
  const clients: RawClient[] = []
  const files: DiskFile[] = []

  async function serve(options: Partial<typeof LIMITS> = {}): Promise<RecordingServer> {
    const server = await new RecordingServer(mode, options).start()
    servers.push(server)
    return server
  }

  /** A client and the connection that the server has for it. */
  async function connect(server: RecordingServer, options: { paused?: boolean } = {}): Promise<[RawClient, number]> {
    const client = await RawClient.connect(server.port, options)
    clients.push(client)
    const own = () =>
      server.opened.find((connection) => server.infos.get(connection)!.remotePort === client.socket.localPort)
    await server.until(() => own() !== undefined)
    return [client, own()!]
  }

  async function fileOf(server: RecordingServer, bytes: Uint8Array): Promise<DiskFile> {
    const filePath = path.join(temporaryDirectory(), 'segment')
    writeFileSync(filePath, bytes)
    const file = await server.disk.open(filePath, {})
    files.push(file)
    return file
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    for (const file of files.splice(0)) file.close()
    for (const server of servers.splice(0)) await server.stop()
  })

  it('keeps the order of bytes and regions', async () => {
    const seed = Date.now() % 1_000_000
    const random = seeded(seed)
    const server = await serve()
    const { transport } = server
    const content = patternBytes(3 * MEGABYTE, seed)
    const file = await fileOf(server, content)
    const peers = await Promise.all([0, 1, 2].map(() => connect(server)))
    const expected: Buffer[][] = peers.map(() => [])
    for (let i = 0; i < 300; i++) {
      const which = Math.floor(random() * peers.length)
      const connection = peers[which]![1]
      if (random() < 0.6) {
        const bytes = patternBytes(1 + Math.floor(random() * 3000), i)
        if (random() < 0.5) transport.sendBytes(connection, bytes)
        else transport.sendOutput(connection, ...appended(transport.output, bytes))
        expected[which]!.push(bytes)
      } else {
        const position = Math.floor(random() * 2 * MEGABYTE)
        const byteLength = 1 + Math.floor(random() ** 3 * MEGABYTE)
        transport.sendRegion(connection, file, position, byteLength)
        expected[which]!.push(content.subarray(position, position + byteLength))
      }
      if (random() < 0.1) transport.flush()
      if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve))
    }
    transport.flush()
    for (const [which, [client, connection]] of peers.entries()) {
      const whole = Buffer.concat(expected[which]!)
      expect((await client.received(whole.length)).equals(whole), `seed ${seed}`).toBe(true)
      await eventually(() => transport.outputPending(connection) === 0)
    }
    expect(transport.counters().regionBytesOut).toBeGreaterThan(0)
  })

  it('goes on where a slow reader left off, byte for byte', async () => {
    const server = await serve()
    const [client, connection] = await connect(server, { paused: true })
    const content = patternBytes(24 * MEGABYTE, 1)
    const file = await fileOf(server, content)
    const head = patternBytes(5 * MEGABYTE, 2)
    const tail = patternBytes(3 * MEGABYTE, 3)
    server.transport.sendBytes(connection, head)
    server.transport.sendRegion(connection, file, 0, content.length)
    server.transport.sendBytes(connection, tail)
    server.transport.flush()
    // The arena is used again while the head still waits.
    const [other] = await connect(server)
    other.write(frameOf(patternBytes(5 * MEGABYTE, 4)))
    await other.received(5 * MEGABYTE + 4)
    const total = head.length + content.length + tail.length
    const pending = server.transport.outputPending(connection)
    expect(pending).toBeGreaterThan(MEGABYTE)
    expect(pending).toBeLessThanOrEqual(total)
    client.socket.resume()
    expect((await client.received(total)).equals(Buffer.concat([head, content, tail]))).toBe(true)
    await eventually(() => server.transport.outputPending(connection) === 0)
  })

  it('serves a queued region although its file was closed and removed', async () => {
    const server = await serve()
    const [client, connection] = await connect(server, { paused: true })
    const content = patternBytes(16 * MEGABYTE, 1)
    const file = await fileOf(server, content)
    server.transport.sendRegion(connection, file, 0, content.length)
    file.close()
    unlinkSync(file.path)
    server.transport.flush()
    // Other files take the descriptors that are free now.
    for (let i = 0; i < 20; i++) await fileOf(server, patternBytes(100, i))
    client.socket.resume()
    expect((await client.received(content.length)).equals(content)).toBe(true)
  })

  it('closes when a file ends inside a region, and says which', async () => {
    const server = await serve()
    const [client, connection] = await connect(server)
    const [other] = await connect(server)
    const content = patternBytes(300_000, 1)
    const file = await fileOf(server, content)
    server.transport.sendRegion(connection, file, 100_000, 250_000)
    server.transport.sendBytes(connection, Buffer.from('never sent'))
    server.transport.flush()
    await server.until(() => server.closed.length === 1)
    expect(server.failedRegions).toMatchObject([
      { connection, path: file.path, position: 100_000, byteLength: 250_000 },
    ])
    expect(server.closed).toMatchObject([{ connection, reason: 'region-failed' }])
    const received = await client.toEnd()
    expect(content.subarray(100_000, 100_000 + received.length).equals(received)).toBe(true)
    other.write(frameOf(Buffer.from('x')))
    await other.received(5)
  })

  it('fails a region of a file that is closed already', async () => {
    const server = await serve()
    const [client, connection] = await connect(server)
    const file = await fileOf(server, patternBytes(1000, 1))
    file.close()
    server.transport.sendRegion(connection, file, 10, 100)
    server.transport.flush()
    await server.until(() => server.closed.length === 1)
    expect(server.failedRegions).toMatchObject([{ connection, position: 10, byteLength: 100 }])
    expect((await client.toEnd()).length).toBe(0)
  })

  it('takes no more requests of a client that does not read than its output may wait', async () => {
    const outputBytesMax = 4 * MEGABYTE
    const server = await serve({ outputBytesMax })
    const [client, connection] = await connect(server, { paused: true })
    const answer = patternBytes(256 * 1024, 1)
    const requests = 200
    let largest = 0
    server.handle = (id) => {
      server.send(id, answer)
      largest = Math.max(largest, server.transport.outputPending(id))
    }
    client.write(Buffer.concat(Array.from({ length: requests }, (_, i) => frameOf(Buffer.from(`request ${i}`)))))
    // A second client is served meanwhile.
    const [other] = await connect(server)
    for (let i = 1; i <= 5; i++) {
      other.write(frameOf(Buffer.from('x')))
      await other.received(i * (answer.length + 4))
    }
    expect(server.transport.outputPending(connection)).toBeGreaterThan(outputBytesMax / 2)
    expect(server.frames).toBeLessThan(requests / 2)
    client.socket.resume()
    const bytes = await client.received(requests * (answer.length + 4))
    expect(largest).toBeLessThanOrEqual(outputBytesMax + answer.length + 4)
    expect(bytes.subarray(-answer.length).equals(answer)).toBe(true)
  })

  it('does not let greedy fetchers keep a light one waiting', async () => {
    const server = await serve()
    const content = patternBytes(16 * MEGABYTE, 1)
    const file = await fileOf(server, content)
    const greedy = await Promise.all(Array.from({ length: 8 }, () => connect(server)))
    const [light, lightConnection] = await connect(server)
    for (const [, connection] of greedy) server.transport.sendRegion(connection, file, 0, content.length)
    server.transport.sendBytes(lightConnection, Buffer.from('head'))
    server.transport.sendRegion(lightConnection, file, 0, 4096)
    server.transport.flush()
    await light.received(4100)
    // By bytes, not by time: hardly anything of the 128 MB is out by then.
    expect(server.transport.counters().bytesOut).toBeLessThan(64 * MEGABYTE)
    const shares = greedy.map(([client]) => client.byteLength)
    expect(Math.max(...shares)).toBeLessThan(content.length)
    for (const [client] of greedy) await client.received(content.length)
    expect(greedy.every(([client]) => client.bytes.equals(content))).toBe(true)
  })

  it('sends all that was queued before it closes, whatever the client still sends', async () => {
    const server = await serve()
    const [client] = await connect(server, { paused: true })
    const answer = patternBytes(8 * MEGABYTE, 1)
    server.handle = (connection) => {
      server.send(connection, answer)
      server.transport.closeAfterOutput(connection)
      server.send(connection, Buffer.from('too late'))
    }
    client.write(Buffer.concat(Array.from({ length: 500 }, () => frameOf(patternBytes(1000, 1)))))
    await server.until(() => server.frames === 1)
    client.write(patternBytes(100_000, 1))
    client.socket.resume()
    expect((await client.toEnd()).equals(frameOf(answer))).toBe(true)
    client.socket.end()
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ reason: 'local' }])
    expect(server.frames).toBe(1)
  })

  it('closes at once when told to, and ignores what comes for the closed', async () => {
    const server = await serve()
    const [client, connection] = await connect(server)
    const file = await fileOf(server, patternBytes(1000, 1))
    server.handle = (id) => {
      server.transport.closeNow(id)
      expect(server.closed).toEqual([])
      server.send(id, Buffer.from('nobody there'))
    }
    client.write(Buffer.concat([frameOf(Buffer.from('a')), frameOf(Buffer.from('b'))]))
    await server.until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([{ connection, reason: 'local' }])
    expect(server.frames).toBe(1)
    const { transport } = server
    transport.sendBytes(connection, Buffer.from('x'))
    transport.sendRegion(connection, file, 0, 10)
    transport.setPaused(connection, true)
    transport.setPaused(connection, false)
    transport.setProducing(connection)
    transport.closeAfterOutput(connection)
    transport.closeNow(connection)
    transport.flush()
    expect(transport.outputPending(connection)).toBe(0)
    expect((await client.toEnd()).length).toBe(0)
    const [again] = await connect(server)
    server.handle = (id, slab, offset, byteLength) => server.echo(id, slab, offset, byteLength)
    again.write(frameOf(Buffer.from('x')))
    await again.received(5)
  })

  it('keeps what was encoded when the arena grows, and shrinks it again', async () => {
    const server = await serve()
    const [client, connection] = await connect(server)
    const { output } = server.transport
    const small = output.bytes.length
    const parts = [100, 300_000, 7, 9_000_000, 1].map((size) => patternBytes(size, size))
    for (const part of parts) server.transport.sendOutput(connection, ...appended(output, part))
    expect(output.bytes.length).toBeGreaterThan(9_000_000)
    server.transport.flush()
    const whole = Buffer.concat(parts)
    expect((await client.received(whole.length)).equals(whole)).toBe(true)
    expect(output.bytes.length).toBe(small)
    expect(output.position).toBe(0)
  })

  it('sends in one turn what more commands than fit one batch say', async () => {
    const server = await serve()
    const [client] = await connect(server)
    const count = 5000
    server.handle = (connection) => {
      for (let i = 0; i < count; i++) {
        server.transport.sendBytes(connection, Buffer.from(`answer ${i};`))
        // A gap, so that neighbours are not one piece.
        server.transport.output.position += 1
      }
    }
    client.write(frameOf(Buffer.from('x')))
    const whole = Array.from({ length: count }, (_, i) => `answer ${i};`).join('')
    expect((await client.received(whole.length)).toString()).toBe(whole)
  })
})

function appended(output: RecordingServer['transport']['output'], bytes: Uint8Array): [start: number, end: number] {
  output.reserve(bytes.length)
  const start = output.position
  output.bytes.set(bytes, start)
  output.position = start + bytes.length
  return [start, output.position]
}
