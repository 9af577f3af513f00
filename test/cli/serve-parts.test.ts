import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import type { RunningBroker } from '../../src/broker/index.ts'
import { RecoveryProgress } from '../../src/cli/recovery-progress.ts'
import { explainFailure } from '../../src/cli/refusal.ts'
import { startBanner, startWarnings } from '../../src/cli/start-banner.ts'
import { StopSignals } from '../../src/cli/stop-signals.ts'
import { brokerConfig, resolveDurability } from '../../src/config/index.ts'

function brokerWith(durability: string): RunningBroker {
  return {
    clusterId: 'cluster',
    listeners: [
      { name: 'A', host: '::', port: 1, isWildcard: true, advertisedHost: 'host.example', advertisedPort: 2 },
      { name: 'B', host: '::1', port: 3, isWildcard: false, advertisedHost: '::1', advertisedPort: 3 },
    ],
    ioMode: { mode: 'portable', reason: 'SLUICE_PORTABLE_IO=1 is set' },
    durability: resolveDurability(new Map(), brokerConfig({ durability })),
    recovery: { unclean: false, truncatedBytes: 0, quarantinedRanges: 0, removedSegments: 0 },
    partitionCount: 4,
    connectionCount: 0,
    failed: new Promise(() => {}),
    close: async () => {},
  }
}

const factsWith = (durability: string) => ({
  version: '1.2.3',
  config: brokerConfig({ 'log.dirs': '/data' }),
  broker: brokerWith(durability),
  startedMs: 123.4,
})

describe('the start banner', () => {
  it('names listeners, data directory, durability with its origin, and I/O mode', () => {
    expect(startBanner(factsWith('always'))).toMatchInlineSnapshot(`
      "Sluice 1.2.3 is ready after 123 ms; cluster cluster, node 1
        listening   A [::]:1 (clients are told host.example:2)
        listening   B [::1]:3
        data        /data (4 partitions)
        durability  always: an acknowledgement waits until the disk has the data (flag durability)
        I/O         portable: SLUICE_PORTABLE_IO=1 is set
      "
    `)
  })

  it('warns of what an operator may not have meant', () => {
    const warnings = startWarnings(factsWith('interval'))
    expect(warnings).toHaveLength(3)
    expect(warnings[0]).toContain('no authentication yet')
    expect(warnings[1]).toContain('flag durability made durability interval')
    expect(warnings[2]).toContain('portable I/O is slower')
  })
})

describe('stop signals', () => {
  it('ask once, then force, then mean nothing to us', async () => {
    const source = new EventEmitter()
    const forced: string[] = []
    const signals = new StopSignals(source, (signal) => forced.push(signal))
    source.emit('SIGHUP')
    expect(await signals.requested).toBe('SIGHUP')
    source.emit('SIGTERM')
    source.emit('SIGINT')
    expect(forced).toEqual(['SIGTERM', 'SIGINT'])
    signals.dispose()
    expect(source.emit('SIGTERM')).toBe(false)
  })
})

describe('recovery progress', () => {
  function at(times: number[]) {
    let nowMs = 0
    const clock: Clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      after: () => ({ cancel: () => {} }),
      every: () => ({ cancel: () => {} }),
    }
    const written: string[] = []
    const logged: string[] = []
    const logger = { ...silentLogger, info: (_: object, message: string) => void logged.push(message) }
    const show = (terminal: ((text: string) => void) | undefined) => {
      nowMs = 0
      const progress = new RecoveryProgress({ clock, logger, terminal })
      for (const [index, time] of times.entries()) {
        nowMs = time
        progress.update({ partitionsDone: index + 1, partitions: times.length, bytesDone: 2 ** 20 })
      }
      progress.done()
    }
    return { show, written, logged }
  }

  it('is silent when the start is quick', () => {
    const { show, written, logged } = at([10, 20, 499])
    show((text) => written.push(text))
    show(undefined)
    expect([written, logged]).toEqual([[], []])
  })

  it('draws a bar at most every 100 ms and clears it', () => {
    const { show, written } = at([400, 600, 650, 800])
    show((text) => written.push(text))
    expect(written).toHaveLength(3)
    expect(written[0]).toContain('2/4 partitions, 1 MiB checked')
    expect(written[2]).toBe('\r\u001b[K')
  })

  it('logs a line every five seconds without a terminal', () => {
    const { show, logged } = at([4000, 5000, 9000, 10_000])
    show(undefined)
    expect(logged).toEqual(['opening partitions: 2 of 4', 'opening partitions: 4 of 4'])
  })
})

describe('a refusal', () => {
  it('gives why and fix for an operating error, and the stack for an unexpected one', () => {
    const full = Object.assign(new Error('write /data/x: ENOSPC'), { code: 'ENOSPC' })
    expect(explainFailure(full)).toEqual({
      text: expect.stringMatching(/^write \/data\/x: ENOSPC\n {2}why: the disk is full\n {2}fix: /),
      exitCode: 1,
    })
    expect(explainFailure(new TypeError('boom')).text).toContain('serve-parts.test')
    expect(explainFailure('text')).toEqual({ text: 'unexpected failure: text', exitCode: 1 })
  })
})
