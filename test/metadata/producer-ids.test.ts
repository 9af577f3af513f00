import { expect, it } from 'vitest'
import { ProducerIds } from '../../src/metadata/index.ts'
import { NODE_ID, openRegistered } from './builders.ts'
import { FakeMetadataLog } from './fake-metadata-log.ts'

it('gives every id once, over many callers, blocks and restarts', async () => {
  const log = new FakeMetadataLog()
  const seen = new Set<number>()
  let count = 0
  for (let start = 0; start < 3; start++) {
    const engine = await openRegistered(log)
    const ids = new ProducerIds(engine, NODE_ID)
    const taken = await Promise.all(Array.from({ length: 1500 }, () => ids.next()))
    for (const id of taken) seen.add(id)
    count += taken.length
    // What was given is below what the log says the next block starts with.
    expect(Math.max(...taken)).toBeLessThan(engine.image.nextProducerId)
  }
  expect(seen.size).toBe(count)
})

it('takes one block for a thousand ids, and none before it is asked', async () => {
  const log = new FakeMetadataLog()
  const engine = await openRegistered(log)
  const ids = new ProducerIds(engine, NODE_ID)
  const appended = log.values.length
  expect(await ids.next()).toBe(0)
  for (let id = 1; id < 1000; id++) expect(await ids.next()).toBe(id)
  expect(log.values.length).toBe(appended + 1)
  expect(await ids.next()).toBe(1000)
  expect(log.values.length).toBe(appended + 2)
})

it('fails those who ask while a block cannot be stored, and recovers', async () => {
  const log = new FakeMetadataLog()
  const ids = new ProducerIds(await openRegistered(log), NODE_ID)
  log.failNext = new Error('no space')
  const outcomes = await Promise.allSettled([ids.next(), ids.next()])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ids.next()).toBe(0)
})
