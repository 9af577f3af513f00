import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Connection,
  Dispatched,
  type OrderedAnswer,
  type RequestRouter,
  RequestServer,
} from '../../src/net/index.ts'
import type { RequestHeader } from '../../src/protocol/index.ts'
import { CountedSlab } from '../support/counted-slab.ts'
import { FakeTransport } from '../support/fake-transport.ts'

const OVERLAPPING_KEY = 0
const EXCLUSIVE_KEY = 3

class Answer implements OrderedAnswer {
  ready = false
  readonly correlation: number
  readonly router: FakeRouter
  constructor(correlation: number, router: FakeRouter) {
    this.correlation = correlation
    this.router = router
  }
  send(): void {
    this.router.events.push(`answer ${this.correlation}`)
  }
}

/** Parks every exclusive request and queues every overlapping one; the test settles them. */
class FakeRouter implements RequestRouter {
  readonly events: string[] = []
  readonly answers = new Map<number, Answer>()
  readonly connections = new Map<number, Connection>()
  readonly turnWork: (() => void)[] = []
  fail: Error | undefined

  mayOverlap(apiKey: number): boolean {
    return apiKey === OVERLAPPING_KEY
  }

  get hasTurnWork(): boolean {
    return this.turnWork.length > 0
  }

  dispatch(connection: Connection, header: RequestHeader): Dispatched {
    if (this.fail !== undefined) throw this.fail
    this.connections.set(connection.id, connection)
    this.events.push(`start ${header.correlationId}`)
    if (header.apiKey !== OVERLAPPING_KEY) return Dispatched.parked
    const answer = new Answer(header.correlationId, this)
    this.answers.set(header.correlationId, answer)
    connection.addOverlapping(answer)
    return Dispatched.overlapping
  }

  regionFailed(): void {}

  endTurn(): void {
    for (const work of this.turnWork.splice(0)) work()
  }
}

let transport: FakeTransport
let router: FakeRouter
let server: RequestServer
let errors: string[]
const slabs: CountedSlab[] = []

beforeEach(() => {
  transport = new FakeTransport()
  router = new FakeRouter()
  errors = []
  slabs.length = 0
  const note = (_fields: object, message: string) => void errors.push(message)
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: note, fatal: note }
  server = new RequestServer({ transport, router, logger })
  server.onOpen(1, { listener: 0, remoteAddress: '127.0.0.1', remotePort: 1 })
})

function frame(key: number, correlation: number, id = 1): void {
  const bytes = Buffer.alloc(10)
  bytes.writeInt16BE(key, 0)
  bytes.writeInt16BE(3, 2)
  bytes.writeInt32BE(correlation, 4)
  bytes.writeInt16BE(-1, 8)
  const slab = new CountedSlab(bytes)
  slabs.push(slab)
  server.onFrame(id, slab, 0, bytes.length)
}

function settle(...correlations: number[]): void {
  for (const correlation of correlations) router.answers.get(correlation)!.ready = true
  server.overlappingReady(router.connections.get(1)!)
  server.flush()
}

/** Parks a listener on the connection; what it is told is listed. */
function watch(): string[] {
  const told: string[] = []
  router.connections.get(1)!.waiting = {
    abandoned: () => void told.push('abandoned'),
    peerEnded: () => void told.push('peerEnded'),
    othersWait: () => void told.push('othersWait'),
  }
  return told
}

function unpark(): void {
  server.unpark(router.connections.get(1)!)
  server.flush()
}

describe('the order of a connection', () => {
  test('overlapping requests start at once and are answered in the order of arrival', () => {
    for (const correlation of [1, 2, 3]) frame(OVERLAPPING_KEY, correlation)
    server.onTurnEnd()
    settle(3)
    settle(2)
    expect(router.events).toEqual(['start 1', 'start 2', 'start 3'])
    settle(1)
    expect(router.events.slice(3)).toEqual(['answer 1', 'answer 2', 'answer 3'])
  })

  test('an exclusive request waits for all answers before it, and everything waits for it', () => {
    frame(OVERLAPPING_KEY, 1)
    frame(EXCLUSIVE_KEY, 2)
    frame(OVERLAPPING_KEY, 3)
    frame(EXCLUSIVE_KEY, 4)
    server.onTurnEnd()
    expect(router.events).toEqual(['start 1'])
    expect(transport.calls).toEqual(['pause 1'])
    settle(1)
    expect(router.events.slice(1)).toEqual(['answer 1', 'start 2'])
    unpark()
    expect(router.events.slice(3)).toEqual(['start 3'])
    settle(3)
    expect(router.events.slice(4)).toEqual(['answer 3', 'start 4'])
    // Nothing is held any more: the next frame, or the peer's end, may come.
    expect(transport.calls.filter((call) => call !== 'flush')).toEqual(['pause 1', 'resume 1'])
    frame(EXCLUSIVE_KEY, 5)
    expect(transport.calls.at(-1)).toBe('pause 1')
    expect(slabs.map((slab) => slab.pins)).toEqual([0, 0, 0, 0, 1])
  })

  test('a connection that closes drops what it held and tells who was parked', () => {
    frame(EXCLUSIVE_KEY, 1)
    frame(OVERLAPPING_KEY, 2)
    server.onTurnEnd()
    const told = watch()
    expect(slabs.map((slab) => slab.pins)).toEqual([0, 1])
    server.onClose(1, 'reset', '')
    expect([told, server.connectionCount, slabs[1]!.pins]).toEqual([['abandoned'], 0, 0])
    unpark()
    expect(router.events).toEqual(['start 1'])
  })

  test('an answer that becomes ready after its connection closed goes nowhere', () => {
    frame(OVERLAPPING_KEY, 1)
    server.onTurnEnd()
    server.onClose(1, 'peer', '')
    settle(1)
    expect(router.events).toEqual(['start 1'])
    expect(router.connections.get(1)!.overlapping).toBe(0)
  })
})

describe('a peer that ended its side', () => {
  test('is closed once everything that it sent is answered', () => {
    frame(OVERLAPPING_KEY, 1)
    frame(EXCLUSIVE_KEY, 2)
    server.onPeerEnd(1)
    server.onTurnEnd()
    expect(transport.calls).not.toContain('end 1')
    settle(1)
    expect(transport.calls).not.toContain('end 1')
    unpark()
    expect(transport.calls).toContain('end 1')
  })

  test('is told to whoever is parked, so that nobody waits for a client that has gone', () => {
    frame(EXCLUSIVE_KEY, 1)
    server.onTurnEnd()
    const told = watch()
    server.onPeerEnd(1)
    server.onTurnEnd()
    expect(told).toEqual(['peerEnded'])
  })
})

test('a request that is parked is told when another one waits behind it', () => {
  frame(EXCLUSIVE_KEY, 1)
  const told = watch()
  frame(OVERLAPPING_KEY, 2)
  expect(told).toEqual(['othersWait'])
})

describe('a programmer’s error', () => {
  test('in a request closes its connection and no other', () => {
    server.onOpen(2, { listener: 0, remoteAddress: '127.0.0.1', remotePort: 2 })
    router.fail = new Error('broken')
    frame(EXCLUSIVE_KEY, 1)
    router.fail = undefined
    frame(EXCLUSIVE_KEY, 2, 2)
    server.onTurnEnd()
    expect(transport.calls).toEqual(['close 1'])
    expect(router.events).toEqual(['start 2'])
    expect(errors).toEqual(['a request failed'])
  })

  test('at the end of a turn does not keep later work from being flushed', () => {
    frame(OVERLAPPING_KEY, 1)
    router.turnWork.push(() => {
      throw new Error('broken')
    })
    expect(() => server.onTurnEnd()).toThrow('broken')
    expect(server.inTurn).toBe(false)
    settle(1)
    expect(router.events).toEqual(['start 1', 'answer 1'])
    expect(transport.calls).toContain('flush')
  })

  test('while an answer is encoded closes its connection, and answers of others leave', () => {
    server.onOpen(2, { listener: 0, remoteAddress: '127.0.0.1', remotePort: 2 })
    frame(OVERLAPPING_KEY, 1)
    frame(OVERLAPPING_KEY, 2, 2)
    server.onTurnEnd()
    const [first, second] = [router.answers.get(1)!, router.answers.get(2)!]
    first.send = () => {
      throw new Error('cannot be encoded')
    }
    first.ready = true
    second.ready = true
    for (const id of [1, 2]) server.overlappingReady(router.connections.get(id)!)
    server.flush()
    expect(transport.calls).toContain('close 1')
    expect(router.events).toContain('answer 2')
  })
})

test('draining reads no further requests and waits for output that the kernel has not taken', () => {
  frame(OVERLAPPING_KEY, 1)
  server.onTurnEnd()
  server.drain()
  expect(transport.calls).toContain('pause 1')
  expect(server.busyCount).toBe(1)
  transport.pending = 10
  settle(1)
  expect(server.busyCount).toBe(1)
  expect(transport.calls).not.toContain('resume 1')
  transport.pending = 0
  expect(server.busyCount).toBe(0)
})
