import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Logger } from '../../src/base/logger.ts'
import { type RunningBroker, startBroker } from '../../src/broker/index.ts'
import { brokerConfig } from '../../src/config/index.ts'
import { openDisk } from '../../src/native/index.ts'
import { FaultDisk } from './fault-disk.ts'
import { WireClient } from './wire-client.ts'

export interface LogLine {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

type Settings = Readonly<Record<string, string | number | boolean>>

/** A real broker on 127.0.0.1, port 0, in a directory of its own; closed and removed by `stop`. */
export class TestBroker {
  readonly directory: string
  readonly lines: LogLine[] = []
  broker!: RunningBroker
  /** The disk of the broker that runs now, for faults. */
  disk!: FaultDisk
  readonly #settings: Settings
  readonly #clients: WireClient[] = []

  private constructor(directory: string, settings: Settings) {
    this.directory = directory
    this.#settings = settings
  }

  static async start(settings: Settings = {}): Promise<TestBroker> {
    const directory = await mkdtemp(path.join(tmpdir(), 'sluice-broker-'))
    const test = new TestBroker(directory, settings)
    await test.open()
    return test
  }

  get port(): number {
    return this.broker.listeners[0]!.port
  }

  /** Starts (again) on the same directory. */
  async open(): Promise<void> {
    this.disk = new FaultDisk(openDisk())
    this.broker = await startBroker({
      config: brokerConfig({
        'log.dirs': path.join(this.directory, 'data'),
        listeners: 'PLAINTEXT://127.0.0.1:0',
        ...this.#settings,
      }),
      logger: recorder(this.lines),
      disk: this.disk,
    })
  }

  async client(clientId = 'test'): Promise<WireClient> {
    const client = await WireClient.connect(this.port, { clientId })
    this.#clients.push(client)
    return client
  }

  async restart(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close()
    await this.broker.close()
    await this.open()
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close()
    await this.broker.close()
    await rm(this.directory, { recursive: true, force: true })
  }
}

function recorder(lines: LogLine[]): Logger {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') }
}
