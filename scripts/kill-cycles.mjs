// Kills the broker with SIGKILL in the middle of a load, again and again, and
// checks after every restart that each acknowledged record is there, in order,
// once. Idempotent producers, five requests in flight, unanswered ones are sent
// again after the restart with their old sequence numbers.
//
//   node scripts/kill-cycles.mjs [--cycles 200] [--policy always|interval|os] [--partitions 4] [--seed N]
//
// Needs a build (npm run build). SIGKILL leaves the page cache alone, so this
// says nothing about power cuts. Exit code 1 on any loss, duplicate, reordering
// or failed start; the seed is printed.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import * as protocol from '../dist/protocol/index.js'
import { batchPositions, decodeBatch, encodeBatch } from '../dist/records/index.js'

const { values: options } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    policy: { type: 'string', default: 'always' },
    partitions: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const cycles = Number(options.cycles)
const partitionCount = Number(options.partitions)
const IN_FLIGHT = 5
const TOPIC = 'kill'
const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const main = new URL('../dist/cli/main.js', import.meta.url).pathname

let state = Number(options.seed) | 1
function random() {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 2 ** 32
}

class Client {
  #waiting = new Map()
  #received = Buffer.alloc(0)
  #correlation = 1
  closed = false

  static connect(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Client(socket)))
    })
  }

  constructor(socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('close', () => {
      this.closed = true
      for (const { reject } of this.#waiting.values()) reject(new Error('closed'))
    })
  }

  /** All versions used here are flexible. */
  request(request, response, version, value) {
    if (this.closed) return Promise.reject(new Error('closed'))
    const correlation = this.#correlation++
    const writer = new protocol.Writer()
    writer.reserve(64)
    writer.position = 15
    const head = writer.bytes
    head.writeInt16BE(request.key, 4)
    head.writeInt16BE(version, 6)
    head.writeInt32BE(correlation, 8)
    head.writeInt16BE(-1, 12)
    head[14] = 0
    protocol.encode(request, writer, version, value)
    writer.bytes.writeInt32BE(writer.position - 4, 0)
    this.socket.write(Buffer.from(writer.written()))
    return new Promise((resolve, reject) => this.#waiting.set(correlation, { resolve, reject, response, version }))
  }

  #take(chunk) {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const frame = Buffer.from(this.#received.subarray(4, 4 + this.#received.readInt32BE(0)))
      this.#received = this.#received.subarray(4 + frame.length)
      const waiting = this.#waiting.get(frame.readInt32BE(0))
      this.#waiting.delete(frame.readInt32BE(0))
      const reader = new protocol.Reader()
      reader.reset(frame, 4, frame.length)
      reader.skipTags()
      waiting.resolve({ frame, value: protocol.decode(waiting.response, reader, waiting.version) })
    }
  }
}

class Broker {
  static async start(directory) {
    const broker = new Broker()
    const flags = ['--port', '0', '--log-dirs', directory, '--durability', options.policy, '--log-format', 'json']
    broker.child = spawn(process.execPath, [main, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    broker.exited = new Promise((resolve) => broker.child.once('exit', resolve))
    let output = ''
    const ready = new Promise((resolve, reject) => {
      const look = (chunk) => {
        output += chunk
        const line = output.split('\n').find((each) => each.includes('"msg":"ready"'))
        if (line !== undefined) resolve(JSON.parse(line).listeners[0].port)
      }
      broker.child.stdout.on('data', look)
      broker.child.stderr.on('data', look)
      broker.child.once('exit', (code) => reject(new Error(`the broker did not start (exit ${code}):\n${output}`)))
    })
    broker.port = await ready
    return broker
  }

  async kill() {
    this.child.kill('SIGKILL')
    await this.exited
  }
}

/** One idempotent producer to one partition. Record n of the partition has the value n. */
class Producer {
  constructor(partition) {
    this.partition = partition
    this.next = 0
    this.acknowledged = 0
    this.verified = 0
    this.unanswered = []
  }

  async run(client, until) {
    if (this.id === undefined) {
      const init = {
        transactionalId: null,
        transactionTimeoutMs: 0,
        producerId: -1,
        producerEpoch: -1,
        enable2Pc: false,
        keepPreparedTxn: false,
      }
      const answer = await client.request(protocol.initProducerIdRequest, protocol.initProducerIdResponse, 4, init)
      this.id = answer.value
    }
    const again = this.unanswered.splice(0)
    // A rejection is either the kill, or already kept by fail().
    const sending = again.map((batch) => this.#send(client, batch).catch(() => {}))
    while (!until() && !client.closed) {
      while (this.unanswered.length < IN_FLIGHT) sending.push(this.#send(client, this.#newBatch()).catch(() => {}))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(sending)
  }

  #newBatch() {
    const count = 1 + Math.floor(random() * 5)
    const records = Array.from({ length: count }, (_, index) => ({
      key: null,
      value: Buffer.from(String(this.next + index)),
      timestamp: Date.now(),
    }))
    const fields = { producerId: this.id.producerId, producerEpoch: this.id.producerEpoch, baseSequence: this.next }
    const batch = { first: this.next, count, bytes: encodeBatch(records, fields) }
    this.next += count
    return batch
  }

  async #send(client, batch) {
    this.unanswered.push(batch)
    const value = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [
        { name: TOPIC, topicId: NO_ID, partitionData: [{ index: this.partition, records: Buffer.from(batch.bytes) }] },
      ],
    }
    const answer = await client.request(protocol.produceRequest, protocol.produceResponse, 9, value)
    const { errorCode, baseOffset } = answer.value.responses[0].partitionResponses[0]
    if (errorCode !== 0)
      throw fail(`partition ${this.partition}: produce of ${batch.first} failed with error ${errorCode}`)
    if (baseOffset !== batch.first)
      throw fail(`partition ${this.partition}: ${batch.first} was stored at ${baseOffset}`)
    this.unanswered = this.unanswered.filter((each) => each !== batch)
    this.acknowledged = Math.max(this.acknowledged, batch.first + batch.count)
  }

  /** Reads everything from where the last check ended: record n has to be n. */
  async verify(client) {
    for (;;) {
      const partition = {
        partition: this.partition,
        currentLeaderEpoch: -1,
        fetchOffset: this.verified,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: 1 << 20,
        replicaDirectoryId: NO_ID,
        highWatermark: 9223372036854775807n,
      }
      const value = {
        clusterId: null,
        replicaId: -1,
        replicaState: { replicaId: -1, replicaEpoch: -1 },
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1 << 20,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [{ topic: TOPIC, topicId: NO_ID, partitions: [partition] }],
        forgottenTopicsData: [],
        rackId: '',
      }
      const { frame, value: answer } = await client.request(protocol.fetchRequest, protocol.fetchResponse, 12, value)
      const found = answer.responses[0].partitions[0]
      if (found.errorCode !== 0) throw fail(`partition ${this.partition}: fetch failed with error ${found.errorCode}`)
      const bytes = frame.subarray(found.records.start, found.records.start + found.records.byteLength)
      if (bytes.length === 0) break
      for (const position of batchPositions(bytes)) {
        for (const record of decodeBatch(bytes, position).records) {
          if (record.offset < this.verified) continue
          const text = record.value.toString()
          if (record.offset !== this.verified || text !== String(record.offset)) {
            throw fail(
              `partition ${this.partition}: offset ${record.offset} holds "${text}", ${this.verified} was expected`,
            )
          }
          this.verified++
        }
      }
    }
    if (this.verified < this.acknowledged) {
      throw fail(
        `partition ${this.partition}: ${this.acknowledged} records were acknowledged, ${this.verified} are there`,
      )
    }
  }
}

let failure
function fail(message) {
  failure ??= new Error(message)
  return failure
}

const directory = await mkdtemp(path.join(tmpdir(), 'sluice-kill-'))
console.log(`policy ${options.policy}, ${cycles} cycles, ${partitionCount} partitions, seed ${options.seed}`)
const producers = Array.from({ length: partitionCount }, (_, partition) => new Producer(partition))
let broker
try {
  for (let cycle = 0; cycle <= cycles; cycle++) {
    broker = await Broker.start(path.join(directory, 'data'))
    const control = await Client.connect(broker.port)
    if (cycle === 0) {
      const topic = { name: TOPIC, numPartitions: partitionCount, replicationFactor: 1, assignments: [], configs: [] }
      await control.request(protocol.createTopicsRequest, protocol.createTopicsResponse, 7, {
        topics: [topic],
        timeoutMs: 5000,
        validateOnly: false,
      })
    }
    for (const producer of producers) await producer.verify(control)
    if (cycle < cycles) {
      let stop = false
      const clients = await Promise.all(producers.map(() => Client.connect(broker.port)))
      const running = producers.map((producer, index) =>
        producer
          .run(clients[index], () => stop)
          .catch((error) => {
            if (error.message !== 'closed') fail(error.message)
          }),
      )
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 250))
      await broker.kill()
      stop = true
      await Promise.all(running)
    }
    if (failure !== undefined) throw failure
    if (cycle % 20 === 0) {
      const total = producers.reduce((sum, producer) => sum + producer.acknowledged, 0)
      console.log(`cycle ${cycle}: ${total} records acknowledged, all there`)
    }
  }
  console.log(`ok: ${cycles} kills, no record lost, duplicated or out of order, every start succeeded`)
} catch (error) {
  console.error(`FAILED (seed ${options.seed}): ${error.message}`)
  process.exitCode = 1
} finally {
  await broker?.kill()
  await rm(directory, { recursive: true, force: true })
}
