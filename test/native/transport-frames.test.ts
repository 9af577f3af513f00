import { afterEach, describe, expect, it } from 'vitest'
import type { Slab } from '../../src/native/slab.ts'
import { frameOf, patternBytes, RawClient, seeded } from './support/raw-client.ts'
import { eventually, type LIMITS, MODES, type Mode, RecordingServer } from './support/recording-server.ts'

/**
 * What arrives: whatever the stream is cut into, each frame is handed over
 * once, whole, in order; a claim allocates nothing; who may not be read is not.
 */
describe.each(MODES)('%s transport, frames', (mode: Mode) => {
  const servers: RecordingServer[] = []
  const clients: RawClient[] = []

  async function serve(options: Partial<typeof LIMITS> = {}): Promise<RecordingServer> {
    const server = await new RecordingServer(mode, options).start()
    servers.push(server)
    return server
  }

  async function connect(server: RecordingServer): Promise<RawClient> {
    const client = await RawClient.connect(server.port)
    clients.push(client)
    return client
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    for (const server of servers.splice(0)) await server.stop()
  })

  it('echoes frames of every size, one after the other', async () => {
    const client = await connect(await serve())
    let expected = 0
    for (const size of [1, 2, 3, 4, 5, 100, 1023, 4092, 4096, 16_380, 32_769, 65_536, 300_001, 1_048_579]) {
      const frame = frameOf(patternBytes(size, size))
      client.write(frame)
      const bytes = await client.received(expected + frame.length)
      expect(bytes.subarray(expected).equals(frame), `frame of ${size} bytes`).toBe(true)
      expected += frame.length
    }
  })

  it('puts frames together that were split at any byte', async () => {
    const server = await serve()
    const stream = Buffer.concat([5, 1, 9].map((size) => frameOf(patternBytes(size, size))))
    for (let cut = 1; cut < stream.length; cut++) {
      const client = await connect(server)
      const before = server.transport.counters().bytesIn
      client.write(stream.subarray(0, cut))
      await eventually(() => server.transport.counters().bytesIn === before + cut)
      client.write(stream.subarray(cut))
      expect((await client.received(stream.length)).equals(stream), `cut at ${cut}`).toBe(true)
    }
  })

  it('hands over what was pipelined in order', async () => {
    const server = await serve()
    const client = await connect(server)
    const stream = Buffer.concat(Array.from({ length: 20_000 }, (_, i) => frameOf(Buffer.from(`frame ${i}`))))
    client.write(stream)
    expect((await client.received(stream.length)).equals(stream)).toBe(true)
    expect(server.frames).toBe(20_000)
    expect(server.transport.counters()).toMatchObject({ framesIn: 20_000, bytesIn: stream.length })
  })

  it('takes frames of ten megabytes, small ones between them', async () => {
    const server = await serve()
    const client = await connect(server)
    const sizes = [10_485_760, 10, 10_485_760 + 3, 7, 1]
    const stream = Buffer.concat(sizes.map((size) => frameOf(patternBytes(size, size))))
    client.write(stream)
    expect((await client.received(stream.length)).equals(stream)).toBe(true)
    expect(server.frames).toBe(sizes.length)
  })

  it('survives random sizes and chunks on several connections', async () => {
    const seed = Date.now() % 1_000_000
    const random = seeded(seed)
    const server = await serve()
    const streams = Array.from({ length: 6 }, (_, i) =>
      Buffer.concat(
        Array.from({ length: 60 }, (_, j) =>
          frameOf(patternBytes(1 + Math.floor(random() ** 4 * 200_000), i * 100 + j)),
        ),
      ),
    )
    const echoed = streams.map(async (stream) => {
      const client = await connect(server)
      for (let at = 0; at < stream.length; ) {
        const next = at + 1 + Math.floor(random() ** 3 * 100_000)
        client.write(stream.subarray(at, next))
        at = next
        if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve))
      }
      return (await client.received(stream.length)).equals(stream)
    })
    expect(await Promise.all(echoed), `seed ${seed}`).toEqual(streams.map(() => true))
  })

  it.each([
    ['a negative length', -5, 'frame-invalid'],
    ['no length', 0, 'frame-invalid'],
    ['a length above the limit', 1_000_001, 'frame-too-large'],
    ['the largest length', 2 ** 31 - 1, 'frame-too-large'],
  ])('closes a connection that claims %s, and no other', async (_, length, reason) => {
    const server = await serve({ frameBytesMax: 1_000_000 })
    const good = await connect(server)
    const bad = await connect(server)
    const claim = Buffer.alloc(8)
    claim.writeInt32BE(length)
    bad.write(Buffer.concat([frameOf(Buffer.from('still answered')), claim]))
    await server.until(() => server.closed.length > 0)
    expect(server.frames).toBe(1)
    expect(server.closed).toMatchObject([{ reason, detail: `frame of ${length} bytes` }])
    await bad.toEnd()
    const frame = frameOf(patternBytes(1000, 1))
    good.write(frame)
    expect((await good.received(frame.length)).equals(frame)).toBe(true)
  })

  it('takes a frame of exactly the limit', async () => {
    const client = await connect(await serve({ frameBytesMax: 100_000 }))
    const frame = frameOf(patternBytes(100_000, 1))
    client.write(frame)
    expect((await client.received(frame.length)).equals(frame)).toBe(true)
  })

  it('keeps no more memory for half-sent frames than about what was sent', async () => {
    const server = await serve()
    const before = server.transport.counters().bytesIn
    const inUse = server.disk.slabs.bytesInUse
    const part = Buffer.alloc(1024)
    part.writeInt32BE(100 * 1024 * 1024)
    for (let i = 0; i < 100; i++) (await connect(server)).write(part)
    await eventually(() => server.transport.counters().bytesIn === before + 100 * part.length)
    expect(server.disk.slabs.bytesInUse - inUse).toBeLessThan(100 * 128 * 1024)
  })

  it('gives back the memory of frames that never came whole', async () => {
    const server = await serve()
    const client = await connect(server)
    client.write(frameOf(patternBytes(10, 1)))
    await client.received(14)
    const inUse = server.disk.slabs.bytesInUse
    client.write(frameOf(patternBytes(5_000_000, 2)).subarray(0, 3_000_000))
    await eventually(() => server.transport.counters().bytesIn === 14 + 3_000_000)
    expect(server.disk.slabs.bytesInUse).toBeGreaterThan(inUse + 2_000_000)
    await client.close()
    await server.until(() => server.closed.length === 1)
    expect(server.disk.slabs.bytesInUse).toBeLessThanOrEqual(inUse)
  })

  it('leaves a pinned frame alone for as long as it is pinned', async () => {
    const server = await serve()
    const client = await connect(server)
    const kept: { slab: Slab; offset: number; byteLength: number }[] = []
    server.handle = (connection, slab, offset, byteLength) => {
      slab.pin()
      kept.push({ slab, offset, byteLength })
      server.echo(connection, slab, offset, byteLength)
    }
    let expected = 0
    const sizes = [100, 70_000, 3000, 1, 400_000, 20_000]
    for (const size of sizes) {
      client.write(frameOf(patternBytes(size, size)))
      expected += size + 4
      await client.received(expected)
    }
    server.handle = (connection, slab, offset, byteLength) => server.echo(connection, slab, offset, byteLength)
    for (let i = 0; i < 50; i++) {
      client.write(frameOf(patternBytes(100_000, i)))
      expected += 100_004
      await client.received(expected)
    }
    const pinned = kept.map(({ slab, offset, byteLength }) =>
      Buffer.from(slab.bytes.subarray(offset, offset + byteLength)),
    )
    expect(pinned.map((bytes, i) => bytes.equals(patternBytes(sizes[i]!, sizes[i]!)))).toEqual(sizes.map(() => true))
    for (const { slab } of kept) slab.release()
  })

  it('holds the frames behind a pause, of that connection only, until it is lifted', async () => {
    const server = await serve()
    const slow = await connect(server)
    await server.until(() => server.opened.length === 1)
    const paused = server.opened[0]!
    const order: string[] = []
    server.handle = (connection, slab, offset, byteLength) => {
      const text = slab.bytes.toString('latin1', offset, offset + byteLength)
      order.push(text)
      if (connection === paused) server.transport.setPaused(connection, true)
      else server.echo(connection, slab, offset, byteLength)
    }
    slow.write(Buffer.concat(['a', 'b', 'c'].map((text) => frameOf(Buffer.from(text)))))
    await server.until(() => order.length === 1)
    const other = await connect(server)
    for (let i = 1; i <= 20; i++) {
      other.write(frameOf(Buffer.from('x')))
      await other.received(i * 5)
    }
    expect(order.filter((text) => text !== 'x')).toEqual(['a'])
    server.transport.setPaused(paused, false)
    await server.until(() => order.includes('b'))
    slow.write(frameOf(Buffer.from('d')))
    other.write(frameOf(Buffer.from('x')))
    await other.received(21 * 5)
    expect(order.filter((text) => text !== 'x')).toEqual(['a', 'b'])
    server.handle = (_, slab, offset) => void order.push(slab.bytes.toString('latin1', offset, offset + 1))
    server.transport.setPaused(paused, false)
    await server.until(() => order.includes('d'))
    expect(order.filter((text) => text !== 'x')).toEqual(['a', 'b', 'c', 'd'])
  })

  it('tells the end of a paused peer after its frames', async () => {
    const server = await serve()
    const client = await connect(server)
    const order: string[] = []
    server.handle = (connection, slab, offset) => {
      order.push(slab.bytes.toString('latin1', offset, offset + 1))
      server.transport.setPaused(connection, true)
    }
    server.ended = () => order.push('end')
    client.socket.end(Buffer.concat(['a', 'b'].map((text) => frameOf(Buffer.from(text)))))
    await server.until(() => order.length === 1)
    server.transport.setPaused(server.opened[0]!, false)
    await server.until(() => order.length === 2)
    expect(order).toEqual(['a', 'b'])
    server.transport.setPaused(server.opened[0]!, false)
    await server.until(() => server.peerEnded.length === 1)
    expect(order).toEqual(['a', 'b', 'end'])
  })

  it('reads no new frames of producers while the slab pool is over budget', async () => {
    const server = await serve()
    const producer = await connect(server)
    const consumer = await connect(server)
    const frame = frameOf(patternBytes(2000, 1))
    for (const client of [producer, consumer]) {
      client.write(frame)
      await client.received(frame.length)
    }
    const { slabs } = server.disk
    slabs.setBudget(slabs.bytesInUse + 4 * 1024 * 1024)
    const hoard = slabs.allocate(16 * 1024 * 1024)
    for (const connection of server.opened) {
      if (server.infos.get(connection)!.remotePort === producer.socket.localPort)
        server.transport.setProducing(connection)
    }
    server.transport.flush()
    producer.write(frame)
    for (let i = 2; i < 20; i++) {
      consumer.write(frame)
      await consumer.received(i * frame.length)
    }
    expect(producer.byteLength).toBe(frame.length)
    hoard.release()
    await producer.received(2 * frame.length)
    slabs.setBudget(Number.MAX_SAFE_INTEGER)
  })

  it('loses nothing of a turn in which the handler throws', async () => {
    const server = await serve()
    const client = await connect(server)
    server.handle = (connection, slab, offset, byteLength) => {
      if (slab.bytes[offset] === 0x62) throw new Error('thrown by the handler')
      server.echo(connection, slab, offset, byteLength)
    }
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const uncaught = new Promise<Error>((resolve) => process.once('uncaughtException', resolve))
    client.write(Buffer.concat(['a', 'b', 'c', 'd'].map((text) => frameOf(Buffer.from(text)))))
    const bytes = await client.received(15)
    expect((await uncaught).message).toBe('thrown by the handler')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect([bytes[4], bytes[9], bytes[14]]).toEqual([0x61, 0x63, 0x64])
  })
})
