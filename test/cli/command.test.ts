import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BuiltCommand } from '../support/built-command.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'sluice-command-'))
let command: BuiltCommand

beforeAll(async () => {
  command = await BuiltCommand.build()
})

afterAll(async () => {
  await command.dispose()
  rmSync(directory, { recursive: true })
})

interface Listener {
  readonly name: string
  readonly host: string
  readonly port: number
}

function listenersOf(ready: Record<string, unknown>): Listener[] {
  const isListener = (value: unknown): value is Listener =>
    typeof value === 'object' && value !== null && 'host' in value && 'port' in value && 'name' in value
  return Array.isArray(ready.listeners) ? ready.listeners.filter(isListener) : []
}

/** Sends ApiVersions version 0 and resolves with the first bytes of the answer: its correlation id. */
function askApiVersions({ host, port }: Listener): Promise<number> {
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 77, 0xff, 0xff])
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write(request))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 8) return
      socket.destroy()
      resolve(received.readInt32BE(4))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed without an answer')))
  })
}

const dataDirectory = (name: string) => path.join(directory, name)

describe('sluice serve', () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    it(`answers on the port it prints, and closes cleanly on ${signal}`, async () => {
      const data = dataDirectory(signal)
      const run = command.run(['serve', '--port', '0', '--log-dirs', data])
      const ready = await run.logged('ready')
      const [listener] = listenersOf(ready)
      expect(ready).toMatchObject({ durability: 'always', durabilityFrom: 'default', dataDirectory: data })
      expect(listener?.host).toBe('127.0.0.1')
      expect(await askApiVersions(listener!)).toBe(77)
      run.kill(signal)
      expect(await run.exit).toBe(0)
      expect(run.stdout).toContain(`"signal":"${signal}"`)
      expect(existsSync(path.join(data, '.kafka_cleanshutdown'))).toBe(true)
    })
  }

  it('takes a file, the environment and flags, and lists what it does not know', async () => {
    const file = path.join(directory, 'server.properties')
    writeFileSync(file, `log.dirs=${dataDirectory('file')}\nlisteners=PLAINTEXT://127.0.0.1:1\nno.such.key=1\n`)
    const run = command.run(['serve', file, '--port', '0', '-X', 'num.partitions=3'], { KAFKA_DURABILITY: 'os' })
    expect(await run.logged('ready')).toMatchObject({
      durability: 'os',
      durabilityFrom: 'environment variable KAFKA_DURABILITY',
      dataDirectory: dataDirectory('file'),
    })
    await run.logged('an unknown configuration key is ignored')
    run.kill('SIGTERM')
    expect(await run.exit).toBe(0)
    expect(run.stdout).toContain('no.such.key')
    expect(run.stdout).toContain('a power cut or kernel crash can lose records')
  })

  it('serves several listeners, IPv6 where the machine has it, and warns of a wildcard', async () => {
    const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
    const second = hasIpv6 ? '[::1]' : '127.0.0.1'
    const run = command.run([
      'serve',
      '--log-dirs',
      dataDirectory('several'),
      '--listeners',
      `PLAINTEXT://127.0.0.1:0,SIX://${second}:0,ALL://0.0.0.0:0`,
      '-X',
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SIX:PLAINTEXT,ALL:PLAINTEXT',
    ])
    const listeners = listenersOf(await run.logged('ready'))
    expect(listeners.map(({ name }) => name)).toEqual(['PLAINTEXT', 'SIX', 'ALL'])
    for (const listener of listeners.slice(0, 2)) expect(await askApiVersions(listener)).toBe(77)
    run.kill('SIGTERM')
    expect(await run.exit).toBe(0)
    expect(run.stdout).toContain('ALL accepts from every network')
    expect(run.stdout).not.toContain('PLAINTEXT accepts from every network')
  })

  it('refuses a data directory that another broker holds', async () => {
    const data = dataDirectory('held')
    const holder = command.run(['serve', '--port', '0', '--log-dirs', data])
    await holder.logged('ready')
    const run = command.run(['serve', '--port', '0', '--log-dirs', data])
    expect(await run.exit).toBe(1)
    expect(run.stderr).toMatch(/held.*in use by another process/)
    holder.kill('SIGTERM')
    expect(await holder.exit).toBe(0)
  })

  it('refuses a directory that holds something else', async () => {
    mkdirSync(dataDirectory('foreign'))
    writeFileSync(path.join(dataDirectory('foreign'), 'thesis.txt'), 'x')
    const run = command.run(['serve', '--port', '0', '--log-dirs', dataDirectory('foreign')])
    expect(await run.exit).toBe(1)
    expect(run.stderr).toContain('thesis.txt')
  })

  it('refuses a taken port with why and fix', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const run = command.run(['serve', '--port', String(port), '--log-dirs', dataDirectory('taken')])
    expect(await run.exit).toBe(1)
    expect(run.stderr).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*\\n {2}why: another process.*\\n {2}fix: .*--port`))
    server.close()
  })

  const misuse: Record<string, [args: string[], says: RegExp]> = {
    'an unknown flag': [['serve', '--nope'], /unknown option '--nope'/],
    'an unknown command': [['serf'], /unknown command 'serf'/],
    'an unknown policy': [['serve', '--durability', 'maybe'], /Allowed choices are always, interval, os/],
    'a malformed setting': [['serve', '-X', 'num.partitions'], /-X key=value/],
    'a wrong value': [['serve', '-X', 'num.partitions=0'], /why: it must be at least 1\n {2}fix:/],
    'a missing file': [['serve', '/nonexistent/server.properties'], /no such file/],
    'two data directories': [['serve', '--log-dirs', 'a,b'], /one directory/],
    'a wrong port': [['serve', '--port', '70000'], /from 0 to 65535/],
    'an unknown key to explain': [['config', 'explain', 'log.retention.hour'], /did you mean log.retention.hours/],
  }
  for (const [name, [args, says]] of Object.entries(misuse)) {
    it(`exits with 2 for ${name}`, async () => {
      const run = command.run(args)
      expect(await run.exit).toBe(2)
      expect(run.stderr).toMatch(says)
      expect(run.stdout).toBe('')
    })
  }
})

describe('sluice config', () => {
  it('explains a key with value, origin and meaning', async () => {
    const run = command.run(['config', 'explain', 'retention.ms'], { KAFKA_LOG_RETENTION_HOURS: '5' })
    expect(await run.exit).toBe(0)
    expect(run.stdout).toMatch(/value +18000000\n +set by +environment variable KAFKA_LOG_RETENTION_HOURS/)
  })

  it('lists every key as text and as JSON', async () => {
    const text = command.run(['config', 'list', '-X', 'num.partitions=7'])
    expect(await text.exit).toBe(0)
    expect(text.stdout).toContain('num.partitions=7  # flag -X num.partitions')
    const json = command.run(['config', 'list', '--format', 'json'])
    expect(await json.exit).toBe(0)
    expect(JSON.parse(json.stdout)).toContainEqual(expect.objectContaining({ name: 'durability', scope: 'topic' }))
  })

  it('explains -X itself', async () => {
    const run = command.run(['serve', '-X', 'help'])
    expect(await run.exit).toBe(0)
    expect(run.stdout).toContain('-X key=value')
  })
})
