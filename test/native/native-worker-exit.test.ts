import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PACKAGE = path.resolve(import.meta.dirname, '../..')

/**
 * Opens files, then keeps every lane busy for ever: each completion starts the same work again. Says 'busy' once
 * completions arrive, so that a terminate meets jobs queued, running and done.
 */
const BUSY_WORKER = `
  const { constants } = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const addon = require('node-gyp-build')(workerData.root)
  const slab = addon.acquireSlab(65536)
  const bytes = addon.slabBytes(slab)
  const rows = Int32Array.of(slab, 0, 65536)
  const target = Buffer.alloc(65536)
  const handles = []
  let delivered = 0
  const start = (job) => {
    const handle = handles[job % handles.length]
    if (job % 4 === 0) addon.writeRows(job, handle, 0, rows, 1)
    else if (job % 4 === 1) addon.syncFile(job, handle)
    else if (job % 4 === 2) addon.readBytes(job, handle, 0, target, 0, 65536)
    else addon.readDirectory(job, workerData.directory)
  }
  const results = addon.attachIo((count) => {
    for (let i = 0; i < count; i++) {
      const job = results[2 * i]
      if (handles.length < 8) handles.push(results[2 * i + 1])
      else start(job)
    }
    if (handles.length === 8 && delivered === 0) for (let job = 0; job < 64; job++) start(job)
    if (handles.length === 8) delivered += count
    if (delivered > 100) parentPort.postMessage('busy')
  })
  for (let i = 0; i < 8; i++) {
    const flags = constants.O_RDWR | constants.O_CREAT
    addon.openFile(i, workerData.directory + '/' + i, flags)
  }`

async function startBusyWorker(directory: string): Promise<Worker> {
  const worker = new Worker(BUSY_WORKER, { eval: true, workerData: { root: PACKAGE, directory } })
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  return worker
}

function descriptorsBelow(directory: string): number {
  const listed = spawnSync('find', [`/proc/${process.pid}/fd`, '-lname', `${directory}/*`], { encoding: 'utf8' })
  return listed.stdout.split('\n').filter((line) => line !== '').length
}

const descriptorCount = () => readdirSync('/proc/self/fd').length
const threadCount = () => readdirSync('/proc/self/task').length

it('leaves no thread and no descriptor behind when a worker is terminated with jobs in flight', async () => {
  const directory = temporaryDirectory()
  // The first one makes what Node keeps for all of them.
  await (await startBusyWorker(directory)).terminate()
  const before = { threads: threadCount(), descriptors: descriptorCount() }
  for (let round = 0; round < 12; round++) {
    const workers = await Promise.all([startBusyWorker(directory), startBusyWorker(directory)])
    expect(descriptorsBelow(directory)).toBe(16)
    await Promise.all(workers.map((worker) => worker.terminate()))
    expect(descriptorsBelow(directory)).toBe(0)
  }
  await expect.poll(threadCount, { timeout: 10_000 }).toBeLessThanOrEqual(before.threads)
  await expect.poll(descriptorCount, { timeout: 10_000 }).toBeLessThanOrEqual(before.descriptors)
})

it('lets a worker end by itself, with files open and disks idle', async () => {
  const directory = temporaryDirectory()
  const code = `
    const { workerData } = require('node:worker_threads')
    const addon = require('node-gyp-build')(workerData.root)
    addon.attachIo(() => {})
    addon.openFile(0, workerData.directory + '/f', 66)`
  const worker = new Worker(code, { eval: true, workerData: { root: PACKAGE, directory } })
  expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(0)
  expect(descriptorsBelow(directory)).toBe(0)
})

it.each([
  ['returns', ''],
  ['calls process.exit with jobs in flight', 'setImmediate(() => process.exit(0))'],
])('ends the process cleanly when the main program %s', (_, ending) => {
  const program = `
    const addon = require('node-gyp-build')(${JSON.stringify(PACKAGE)})
    addon.attachIo(() => {})
    for (let i = 0; i < 50; i++) addon.readDirectory(i, '/')
    ${ending}`
  const result = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 20_000 })
  expect(result).toMatchObject({ status: 0, signal: null, stderr: '' })
})

it('turns what a completion throws into an uncaught exception, and goes on when it is handled', () => {
  const program = `
    const addon = require('node-gyp-build')(${JSON.stringify(PACKAGE)})
    process.on('uncaughtException', (error) => console.log(error.message))
    addon.attachIo(() => { throw new Error('thrown in a completion') })
    addon.readDirectory(0, '/')
    setTimeout(() => addon.readDirectory(1, '/'), 50)`
  const result = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 20_000 })
  expect(result.stdout).toBe('thrown in a completion\nthrown in a completion\n')
})
