import { copyFile, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { consume, range, recordsOf, settled, write } from './support/batches.ts'
import { DataDirectory } from './support/log-fixture.ts'

/* What Apache Kafka's cleaner leaves when it is interrupted: `.cleaned` is unfinished, `.swap` is finished. */

let data: DataDirectory
afterEach(() => data.remove())

const CONFIG = { segmentBytes: 300 }
const SUFFIXES = ['.log', '.index', '.timeindex']

/** Offsets 0 to 24 in segments of two batches of five records, stopped cleanly; the names of the segments. */
async function stopped(): Promise<{ directory: string; bases: string[] }> {
  data = await DataDirectory.open()
  const { log } = await data.load(CONFIG)
  for (let batch = 0; batch < 5; batch++) {
    write(data.disk, log, recordsOf(5))
    await settled(log)
  }
  await data.stop()
  const names = (await readdir(log.directory)).filter((name) => name.endsWith('.log')).sort()
  return { directory: log.directory, bases: names.map((name) => name.slice(0, 20)) }
}

async function reopened(): Promise<{ offsets: number[]; names: string[] }> {
  await data.start()
  const { log } = await data.load(CONFIG)
  return { offsets: await consume(log), names: await readdir(log.directory) }
}

test('unfinished results and removed files go', async () => {
  const { directory, bases } = await stopped()
  expect(bases.length).toBeGreaterThan(2)
  for (const suffix of SUFFIXES) {
    await writeFile(path.join(directory, `${bases[1]}${suffix}.cleaned`), 'half a result')
    await writeFile(path.join(directory, `00000000000000000099${suffix}.deleted`), 'old')
  }
  const { offsets, names } = await reopened()
  expect(offsets).toEqual(range(0, 25))
  expect(names.filter((name) => /cleaned|deleted/.test(name))).toEqual([])
})

test('a finished result takes the place of the segments that it covers', async () => {
  const { directory, bases } = await stopped()
  // The result holds what the first two segments held, under the name of the first.
  const parts = await Promise.all(bases.slice(0, 2).map((base) => readFile(path.join(directory, `${base}.log`))))
  await writeFile(path.join(directory, `${bases[0]}.log.swap`), Buffer.concat(parts))
  await writeFile(path.join(directory, `${bases[0]}.index.swap`), '')
  await writeFile(path.join(directory, `${bases[0]}.timeindex.swap`), '')
  const { offsets, names } = await reopened()
  expect(offsets).toEqual(range(0, 25))
  expect(names.filter((name) => name.endsWith('.swap'))).toEqual([])
  expect(names.filter((name) => name.startsWith(bases[1]!))).toEqual([])
  expect(await readFile(path.join(directory, `${bases[0]}.log`))).toEqual(Buffer.concat(parts))
})

test('a result that was being renamed when the process ended is renamed to the end', async () => {
  const { directory, bases } = await stopped()
  for (const suffix of SUFFIXES) {
    const name = path.join(directory, `${bases[0]}${suffix}`)
    await rename(name, `${name}.swap`)
  }
  expect((await reopened()).offsets).toEqual(range(0, 25))
})

test('results that are finished beside one that is not are not believed', async () => {
  const { directory, bases } = await stopped()
  await writeFile(path.join(directory, `${bases[1]}.log.cleaned`), 'half a result')
  await copyFile(path.join(directory, `${bases[0]}.log`), path.join(directory, `${bases[2]}.log.swap`))
  const { offsets, names } = await reopened()
  expect(offsets).toEqual(range(0, 25))
  expect(names.filter((name) => /cleaned|swap/.test(name))).toEqual([])
})
