import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openDisk } from '../../src/native/open-disk.ts'
import { FaultDisk } from './fault-disk.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const inner = openDisk()
afterAll(() => inner.close())

const CREATE = { write: true, create: true }

it('fails the chosen call of the chosen file, and no other', async () => {
  const directory = temporaryDirectory()
  const disk = new FaultDisk(inner)
  const fault = disk.inject({ operation: 'sync', path: /b$/, nth: 2, times: 2, code: 'EIO' })
  const a = await disk.open(path.join(directory, 'a'), CREATE)
  const b = await disk.open(path.join(directory, 'b'), CREATE)
  await a.sync()
  await b.sync()
  await a.sync()
  const expected = { code: 'EIO', errno: constants.errno.EIO, syscall: 'fdatasync', path: b.path }
  await expect(b.sync()).rejects.toMatchObject(expected)
  await expect(b.sync()).rejects.toMatchObject(expected)
  await b.sync()
  expect(fault.hits).toBe(2)
  expect(disk.calls.filter((call) => call.operation === 'sync').length).toBe(6)
  a.close()
  b.close()
})

it('cuts writes short before they fail', async () => {
  const disk = new FaultDisk(inner)
  const file = await disk.open(path.join(temporaryDirectory(), 'f'), CREATE)
  const slab = disk.slabs.allocate(10)
  slab.bytes.write('0123456789')
  const rows = Int32Array.of(slab.id, 0, 4, slab.id, 4, 6)
  disk.inject({ operation: 'writeRowsSync', code: 'ENOSPC', shortBytes: 6 })
  disk.inject({ operation: 'writeRows', code: 'ENOSPC', shortBytes: 3 })
  disk.inject({ operation: 'write', code: 'ENOSPC', shortBytes: 2 })
  expect(file.writeRowsSync(0, rows, 2)).toBe(-constants.errno.ENOSPC)
  expect(readFileSync(file.path, 'latin1')).toBe('012345')
  await expect(file.writeRows(6, rows, 2)).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'pwritev' })
  await expect(file.write(9, Buffer.from('xyz'))).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'pwrite' })
  expect(readFileSync(file.path, 'latin1')).toBe('012345012xy')
  expect(file.writeRowsSync(0, rows, 2)).toBe(10)
  slab.release()
  file.close()
})

it('holds a call until it is told to go on', async () => {
  const disk = new FaultDisk(inner)
  const file = await disk.open(path.join(temporaryDirectory(), 'f'), CREATE)
  let release = () => {}
  const until = new Promise<void>((resolve) => {
    release = resolve
  })
  disk.inject({ operation: 'sync', until })
  const order: string[] = []
  const held = file.sync().then(() => order.push('held'))
  await file.sync()
  order.push('other')
  release()
  await held
  expect(order).toEqual(['other', 'held'])
  file.close()
})

it('reaches the steps of an atomic replacement', async () => {
  const directory = temporaryDirectory()
  const disk = new FaultDisk(inner)
  const target = path.join(directory, 'checkpoint')
  await disk.writeFileAtomic(target, Buffer.from('old'))
  disk.inject({ operation: 'rename', code: 'EIO' })
  await expect(disk.writeFileAtomic(target, Buffer.from('new'))).rejects.toMatchObject({ syscall: 'rename' })
  expect((await disk.readFile(target)).toString()).toBe('old')
  const steps = disk.calls.map((call) => call.operation)
  expect(steps.slice(0, 5)).toEqual(['open', 'write', 'sync', 'rename', 'syncDirectory'])
})
