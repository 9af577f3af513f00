import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DiskError, type DiskFile } from '../../src/native/disk.ts'
import { openDisk } from '../../src/native/open-disk.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const disk = openDisk()
afterAll(() => disk.close())

const CREATE = { write: true, create: true }

function rowsOf(...parts: string[]): { rows: Int32Array; rowCount: number; release: () => void } {
  const slabs = parts.map((part) => {
    const slab = disk.slabs.allocate(part.length + 3)
    slab.bytes.write(part, 3)
    return slab
  })
  const rows = Int32Array.from(slabs.flatMap((slab, i) => [slab.id, 3, parts[i]!.length]))
  return { rows, rowCount: parts.length, release: () => slabs.forEach((slab) => void slab.release()) }
}

async function inFile(use: (file: DiskFile, filePath: string) => Promise<void>): Promise<void> {
  const filePath = path.join(temporaryDirectory(), 'data')
  const file = await disk.open(filePath, CREATE)
  try {
    await use(file, filePath)
  } finally {
    file.close()
  }
}

/** The error of a promise that must reject, with all four fields. */
async function failure(promise: Promise<unknown>): Promise<DiskError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DiskError)) throw new Error(`expected a DiskError, got ${String(error)}`)
  return error
}

describe('writing and reading', () => {
  it('writes rows inline, in order, from their offsets', () =>
    inFile(async (file, filePath) => {
      const { rows, rowCount, release } = rowsOf('one,', 'two,', 'three')
      expect(file.writeRowsSync(2, rows, rowCount)).toBe(13)
      release()
      expect(readFileSync(filePath, 'latin1')).toBe('\0\0one,two,three')
    }))

  it('writes rows on an I/O thread', () =>
    inFile(async (file, filePath) => {
      const { rows, rowCount, release } = rowsOf('abc', '', 'def')
      expect(await file.writeRows(0, rows, rowCount)).toBe(6)
      release()
      expect(readFileSync(filePath, 'latin1')).toBe('abcdef')
    }))

  it('writes more rows than one system call takes', () =>
    inFile(async (file, filePath) => {
      const slab = disk.slabs.allocate(4096)
      for (let i = 0; i < 4096; i++) slab.bytes[i] = i % 251
      const order = Array.from({ length: 2500 }, (_, i) => (i * 37) % 4096)
      const rows = Int32Array.from(order.flatMap((offset) => [slab.id, offset, 1]))
      expect(file.writeRowsSync(0, rows, order.length)).toBe(2500)
      expect(await file.writeRows(2500, rows, order.length)).toBe(2500)
      const expected = order.map((offset) => offset % 251)
      expect([...readFileSync(filePath)]).toEqual([...expected, ...expected])
      slab.release()
    }))

  it('reads short only at the end of the file', () =>
    inFile(async (file, filePath) => {
      writeFileSync(filePath, '0123456789')
      const target = Buffer.alloc(8, '.')
      expect(file.readSync(3, target, 1, 4)).toBe(4)
      expect(target.toString()).toBe('.3456...')
      expect(await file.read(8, target, 0, 8)).toBe(2)
      expect(target.toString()).toBe('89456...')
      expect(file.readSync(10, target, 0, 8)).toBe(0)
    }))

  it('sizes, truncates, allocates, syncs and advises', () =>
    inFile(async (file, filePath) => {
      await file.write(0, Buffer.from('abcdef'))
      await file.allocate(0, 65536, true)
      expect(await file.size()).toBe(6)
      await file.truncate(4)
      expect(statSync(filePath).size).toBe(4)
      await file.startWriteback(0, 4)
      await file.sync()
      await file.advise(0, 4, 'willneed')
      await file.readAhead(0, 1 << 20)
      expect(readFileSync(filePath, 'latin1')).toBe('abcd')
    }))

  it('sees what others append', () =>
    inFile(async (file, filePath) => {
      appendFileSync(filePath, 'xyz')
      expect(await file.size()).toBe(3)
    }))
})

describe('directories and whole files', () => {
  it('makes, lists, renames and removes', async () => {
    const root = temporaryDirectory()
    const at = (name: string) => path.join(root, name)
    await disk.mkdir(at('d'))
    writeFileSync(at('f'), 'hello')
    await disk.syncDirectory(root)
    const entries = await disk.readdir(root)
    expect(entries.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'd', isDirectory: true },
      { name: 'f', isDirectory: false },
    ])
    expect(await disk.stat(at('f'))).toEqual({ size: 5, modifiedMs: expect.any(Number), isDirectory: false })
    expect((await disk.stat(at('f')))!.modifiedMs).toBeCloseTo(statSync(at('f')).mtimeMs, 0)
    await disk.rename(at('f'), at('d/g'))
    expect(existsSync(at('d/g'))).toBe(true)
    await disk.unlink(at('d/g'))
    await disk.rmdir(at('d'))
    expect(await disk.readdir(root)).toEqual([])
  })

  it('answers what is missing as a value', async () => {
    const missing = path.join(temporaryDirectory(), 'missing')
    expect(await disk.stat(missing)).toBeUndefined()
    await expect(disk.unlink(missing)).resolves.toBeUndefined()
  })

  it('replaces a file as a whole and leaves nothing else', async () => {
    const root = temporaryDirectory()
    const target = path.join(root, 'checkpoint')
    await disk.writeFileAtomic(target, Buffer.from('the first, longer text'))
    await disk.writeFileAtomic(target, Buffer.from('second'))
    await disk.writeFileAtomic(path.join(root, 'unsynced'), Buffer.alloc(0), { sync: false })
    expect((await disk.readFile(target)).toString()).toBe('second')
    expect((await disk.readFile(path.join(root, 'unsynced'))).length).toBe(0)
    expect((await disk.readdir(root)).length).toBe(2)
  })

  it('tells the space of the file system', async () => {
    const { freeBytes, totalBytes } = await disk.space(temporaryDirectory())
    expect(freeBytes).toBeGreaterThan(0)
    expect(totalBytes).toBeGreaterThan(freeBytes)
  })
})

describe('errors', () => {
  const cases: [string, string, string, (directory: string) => Promise<unknown>][] = [
    ['ENOENT', 'open', 'x', (d) => disk.open(`${d}/x`, {})],
    ['EEXIST', 'open', 'file', (d) => disk.open(`${d}/file`, { write: true, exclusive: true })],
    ['EISDIR', 'open', 'sub', (d) => disk.open(`${d}/sub`, { write: true })],
    ['EEXIST', 'mkdir', 'sub', (d) => disk.mkdir(`${d}/sub`)],
    ['ENOTDIR', 'readdir', 'file', (d) => disk.readdir(`${d}/file`)],
    ['ENOENT', 'rename', 'x', (d) => disk.rename(`${d}/x`, `${d}/y`)],
    ['ENOTEMPTY', 'rmdir', 'full', (d) => disk.rmdir(`${d}/full`)],
    ['ENOENT', 'statvfs', 'x', (d) => disk.space(`${d}/x`)],
    ['ENOENT', 'open', 'x', (d) => disk.readFile(`${d}/x`)],
    ['ENOENT', 'open', 'x/y.tmp', (d) => disk.writeFileAtomic(`${d}/x/y`, Buffer.from('z'))],
  ]

  it.each(cases)('%s of %s names the path', async (code, syscall, name, call) => {
    const directory = temporaryDirectory()
    writeFileSync(path.join(directory, 'file'), '')
    mkdirSync(path.join(directory, 'sub'))
    mkdirSync(path.join(directory, 'full/inner'), { recursive: true })
    const error = await failure(call(directory))
    expect(error).toMatchObject({ name: 'DiskError', code, syscall })
    expect(error.path).toBe(path.join(directory, name))
    expect(error.errno).toBe(Object.entries(constants.errno).find(([known]) => known === code)![1])
    expect(error.message).toContain(syscall)
    expect(error.message).toContain(error.path)
    expect(error.message).toContain(code)
  })

  it('rejects writing to a file that was opened for reading', () =>
    inFile(async (_, filePath) => {
      const reader = await disk.open(filePath, {})
      const error = await failure(reader.write(0, Buffer.from('x')))
      expect(error).toMatchObject({ code: 'EBADF', syscall: 'pwrite', path: filePath })
      const { rows, rowCount, release } = rowsOf('x')
      expect(reader.writeRowsSync(0, rows, rowCount)).toBe(-constants.errno.EBADF)
      expect(await failure(reader.writeRows(0, rows, rowCount))).toMatchObject({ code: 'EBADF', syscall: 'pwritev' })
      release()
      reader.close()
    }))

  it('refuses rows outside their slab before anything is written', () =>
    inFile(async (file) => {
      const slab = disk.slabs.allocate(4096)
      const size = slab.bytes.length
      expect(() => file.writeRowsSync(0, Int32Array.of(slab.id, 1, size), 1)).toThrow()
      expect(() => file.writeRowsSync(0, Int32Array.of(slab.id, -1, 1), 1)).toThrow()
      expect(() => file.writeRowsSync(0, Int32Array.of(1 << 20, 0, 1), 1)).toThrow()
      expect(await file.size()).toBe(0)
      slab.release()
    }))
})

describe('closed files and closed disks', () => {
  it('answers EBADF for every call after close, however often it is closed', async () => {
    const filePath = path.join(temporaryDirectory(), 'f')
    const file = await disk.open(filePath, CREATE)
    file.close()
    file.close()
    expect(file.handle).toBe(-1)
    const target = Buffer.alloc(4)
    const calls: Record<string, () => Promise<unknown>> = {
      pwritev: () => file.writeRows(0, new Int32Array(0), 0),
      pwrite: () => file.write(0, target),
      pread: () => file.read(0, target, 0, 4),
      fstat: () => file.size(),
      ftruncate: () => file.truncate(0),
      fallocate: () => file.allocate(0, 1, true),
      fdatasync: () => file.sync(),
      sync_file_range: () => file.startWriteback(0, 1),
      fadvise: () => file.advise(0, 1, 'dontneed'),
    }
    for (const [syscall, call] of Object.entries(calls)) {
      expect(await failure(call())).toMatchObject({ code: 'EBADF', syscall, path: filePath })
    }
    expect(file.writeRowsSync(0, new Int32Array(0), 0)).toBe(-constants.errno.EBADF)
    expect(file.readSync(0, target, 0, 4)).toBe(-constants.errno.EBADF)
    expect(file.residencySync(0, 4)).toBeUndefined()
  })

  it('finishes a call that was running when the file was closed', async () => {
    const filePath = path.join(temporaryDirectory(), 'f')
    const file = await disk.open(filePath, CREATE)
    const writing = Promise.all([file.write(0, Buffer.from('late')), file.sync()])
    file.close()
    await writing
    expect(readFileSync(filePath, 'latin1')).toBe('late')
  })

  it('waits on close for what runs, and refuses afterwards', async () => {
    const own = openDisk()
    const directory = temporaryDirectory()
    let made = 0
    const running = Array.from({ length: 20 }, (_, i) =>
      own.mkdir(path.join(directory, String(i))).then(() => {
        made++
      }),
    )
    await own.close()
    await own.close()
    expect((await disk.readdir(directory)).length).toBe(20)
    await Promise.all(running)
    expect(made).toBe(20)
    expect(await failure(own.mkdir(path.join(directory, 'x')))).toMatchObject({ code: 'ECANCELED' })
  })
})

describe('lock', () => {
  it('is held by one at a time and free again after its release', async () => {
    const lockPath = path.join(temporaryDirectory(), '.lock')
    const release = await disk.lock(lockPath)
    expect(release).toBeDefined()
    expect(existsSync(lockPath)).toBe(true)
    expect(await disk.lock(lockPath)).toBeUndefined()
    release!()
    const again = await disk.lock(lockPath)
    expect(again).toBeDefined()
    again!()
  })

  it('rejects where the file cannot be made', async () => {
    const error = await failure(disk.lock(path.join(temporaryDirectory(), 'missing', '.lock')))
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open' })
  })
})

describe('latencies', () => {
  it('counts calls, bytes and errors by name', async () => {
    const own = openDisk()
    const of = (syscall: string) =>
      own.latencies().find((row) => row.syscall === syscall) ?? { count: 0, bytes: 0, errors: 0, buckets: [] }
    const before = { write: of('pwritev'), open: of('open') }
    await inFileOf(own, async (file) => {
      const { rows, rowCount, release } = rowsIn(own, 1000)
      for (let i = 0; i < 5; i++) expect(file.writeRowsSync(i * 1000, rows, rowCount)).toBe(1000)
      release()
    })
    await failure(own.open(path.join(temporaryDirectory(), 'missing'), {}))
    const after = of('pwritev')
    expect(after.count - before.write.count).toBe(5)
    expect(after.bytes - before.write.bytes).toBe(5000)
    expect(after.buckets.reduce((sum, n) => sum + n, 0)).toBe(after.count)
    expect(of('open').errors - before.open.errors).toBe(1)
    await own.close()
  })
})

function rowsIn(own: ReturnType<typeof openDisk>, byteLength: number) {
  const slab = own.slabs.allocate(byteLength)
  return { rows: Int32Array.of(slab.id, 0, byteLength), rowCount: 1, release: () => slab.release() }
}

async function inFileOf(own: ReturnType<typeof openDisk>, use: (file: DiskFile) => Promise<void>): Promise<void> {
  const file = await own.open(path.join(temporaryDirectory(), 'data'), CREATE)
  await use(file)
  file.close()
}
