import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readlinkSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ResidencyProbe } from '../../src/native/addon-io.ts'
import { nativeRuntime } from '../../src/native/native-runtime.ts'
import { openDisk } from '../../src/native/open-disk.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const disk = openDisk({ mode: 'native' })
const { addon } = nativeRuntime()!
afterAll(() => disk.close())

const CREATE = { write: true, create: true }
const ADDON = path.resolve(import.meta.dirname, '../..')

function openDescriptors(target: string): number {
  const links = readdirSync(`/proc/${process.pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${process.pid}/fd/${fd}`)
    } catch {
      // Closed since the listing.
      return ''
    }
  })
  return links.filter((link) => link.startsWith(target)).length
}

describe('handles', () => {
  it('of a closed file never name the file that took its slot', async () => {
    const directory = temporaryDirectory()
    const first = await disk.open(path.join(directory, 'first'), CREATE)
    const stale = first.handle
    first.close()
    const second = await disk.open(path.join(directory, 'second'), CREATE)
    const rows = new Int32Array(0)
    expect(second.handle).not.toBe(stale)
    expect(addon.writeRowsSync(stale, 0, rows, 0)).toBe(-constants.errno.EBADF)
    expect(addon.residencySync(stale, 0, 1, ResidencyProbe.any)).toBe(-constants.errno.EBADF)
    expect(addon.closeFile(stale)).toBe(false)
    expect(addon.writeRowsSync(second.handle, 0, rows, 0)).toBe(0)
    second.close()
  })

  it('let the descriptor go once the running jobs are done', async () => {
    const own = openDisk({ mode: 'native' })
    const directory = temporaryDirectory()
    const files = await Promise.all(
      Array.from({ length: 30 }, (_, i) => own.open(path.join(directory, String(i)), CREATE)),
    )
    expect(openDescriptors(directory)).toBe(30)
    const syncs = files.map((file) => file.sync())
    for (const file of files) file.close()
    await Promise.all(syncs)
    // Descriptors close on the housekeeping lane, in its order; a lane of several threads may still be at the last few.
    await expect.poll(() => openDescriptors(directory)).toBe(0)
    await own.close()
  })

  it('survive the removal of the file', async () => {
    const filePath = path.join(temporaryDirectory(), 'f')
    const file = await disk.open(filePath, CREATE)
    await file.write(0, Buffer.from('kept'))
    unlinkSync(filePath)
    const target = Buffer.alloc(4)
    expect(file.readSync(0, target, 0, 4)).toBe(4)
    expect(target.toString()).toBe('kept')
    file.close()
  })
})

describe('misuse', () => {
  it('throws before anything is queued', async () => {
    const pending = addon.ioState().pendingJobs
    expect(() => addon.openFile(0, 'with\0zero', 0)).toThrow(TypeError)
    expect(() => addon.readBytesSync(0, -1, Buffer.alloc(1), 0, 1)).toThrow(TypeError)
    expect(() => addon.readBytesSync(0, 0.5, Buffer.alloc(1), 0, 1)).toThrow(TypeError)
    expect(() => addon.readBytesSync(0, 0, Buffer.alloc(1), 1, 1)).toThrow(TypeError)
    expect(() => addon.writeRows(0, 0, 0, new Int32Array(2), 1)).toThrow(TypeError)
    expect(() => addon.releaseSlab(1 << 20)).toThrow(TypeError)
    await expect(disk.open('with\0zero', {})).rejects.toThrow(TypeError)
    expect(addon.ioState().pendingJobs).toBe(pending)
  })
})

describe('writes', () => {
  it('pins the slabs natively until the write has settled', async () => {
    const file = await disk.open(path.join(temporaryDirectory(), 'f'), CREATE)
    const slab = disk.slabs.allocate(65_536)
    const inUse = disk.slabs.bytesInUse
    const writing = file.writeRows(0, Int32Array.of(slab.id, 0, 65_536), 1)
    slab.release()
    expect(disk.slabs.bytesInUse).toBe(inUse)
    await writing
    expect(disk.slabs.bytesInUse).toBe(inUse - 65_536)
    file.close()
  })

  it('goes on after a short write and reports the error that stops it', () => {
    const target = path.join(temporaryDirectory(), 'limited')
    const program = `
      const addon = require('node-gyp-build')(${JSON.stringify(ADDON)})
      const rows = addon.attachIo(() => {
        const slab = addon.acquireSlab(4096)
        const list = Int32Array.of(slab, 0, 3000, slab, 0, 3000, slab, 0, 3000)
        const result = addon.writeRowsSync(rows[1], 0, list, 3)
        const pwritev = addon.latencies().find((row) => row.syscall === 'pwritev')
        const { size } = require('fs').statSync(process.argv[1])
        console.log(JSON.stringify({ result, size, count: pwritev.count, errors: pwritev.errors }))
      })
      addon.openFile(0, process.argv[1], require('fs').constants.O_RDWR | require('fs').constants.O_CREAT)`
    // dash counts file size limits in blocks of 512 bytes; Node itself ignores SIGXFSZ.
    const script = 'ulimit -f 8 && exec "$0" -e "$1" "$2"'
    const result = spawnSync('/bin/sh', ['-c', script, process.execPath, program, target], { encoding: 'utf8' })
    expect(result.stderr).toBe('')
    const outcome = JSON.parse(result.stdout)
    expect(outcome).toEqual({ result: -constants.errno.EFBIG, size: 4096, count: 2, errors: 1 })
  })

  const roomy = statfsOf('/dev/shm') > 6 * 2 ** 30
  it.skipIf(!roomy)('continues in the middle of a row (needs 6 GiB free in /dev/shm)', async () => {
    // One call moves at most 2^31 - 4096 bytes, which ends inside the last of these rows.
    const filePath = `/dev/shm/sluice-test-${process.pid}`
    const slab = disk.slabs.allocate(4 << 20)
    for (let i = 0; i < slab.bytes.length; i += 4) slab.view.setUint32(i, i)
    const rows = Int32Array.from({ length: 512 * 3 }, (_, i) => [slab.id, 0, 4 << 20][i % 3]!)
    const file = await disk.open(filePath, CREATE)
    unlinkSync(filePath)
    expect(await file.writeRows(0, rows, 512)).toBe(2 ** 31)
    const target = Buffer.alloc(8192)
    expect(file.readSync(2 ** 31 - 8192, target, 0, 8192)).toBe(8192)
    expect(target.equals(slab.bytes.subarray(-8192))).toBe(true)
    slab.release()
    file.close()
  })
})

function statfsOf(directory: string): number {
  try {
    const status = statfsSync(directory)
    return status.bsize * status.bavail
  } catch {
    return 0
  }
}

describe('residency', () => {
  const PAGES = 64
  const probes = [ResidencyProbe.any, ResidencyProbe.cachestat, ResidencyProbe.mincore, ResidencyProbe.nowait]

  async function withFile(use: (handle: number, file: Awaited<ReturnType<typeof disk.open>>) => Promise<void>) {
    const filePath = path.join(temporaryDirectory(), 'pages')
    writeFileSync(filePath, Buffer.alloc(PAGES * 4096, 1))
    const fd = openSync(filePath, 'r')
    fsyncSync(fd)
    closeSync(fd)
    const file = await disk.open(filePath, { write: true })
    await use(file.handle, file)
    file.close()
  }

  it.each(probes)('by probe %i sees pages come and go', (probe) =>
    withFile(async (handle, file) => {
      const cached = () => {
        const fields = addon.residencySync(handle, 0, PAGES * 4096, probe)
        return typeof fields === 'number' ? fields : fields.slice(0, 3)
      }
      const first = cached()
      if (typeof first === 'number' && probe !== ResidencyProbe.any) {
        // Not every kernel and file system has each of them, but what is lacking says so.
        return expect([-constants.errno.ENOSYS, -constants.errno.EOPNOTSUPP]).toContain(first)
      }
      expect(first).toEqual([4096, PAGES, PAGES])
      await file.advise(0, 0, 'dontneed')
      expect(cached()).toEqual([4096, PAGES, 0])
      await file.readAhead(0, PAGES * 4096)
      expect(cached()).toEqual([4096, PAGES, PAGES])
    }),
  )

  it('counts the pages of a part, dirty ones too', () =>
    withFile(async (_, file) => {
      await file.advise(0, 0, 'dontneed')
      const target = Buffer.alloc(1)
      await file.advise(0, 0, 'random')
      file.readSync(5 * 4096 + 17, target, 0, 1)
      const part = file.residencySync(5 * 4096 + 4000, 200)!
      expect(part).toMatchObject({ pages: 2, cached: 1 })
      await file.write(9 * 4096, Buffer.from('x'))
      const dirty = file.residencySync(0, PAGES * 4096)!.dirty
      expect([1, -1]).toContain(dirty)
      expect(file.residencySync(0, 0)).toMatchObject({ pages: 0, cached: 0 })
    }))
})

describe('lock', () => {
  const python = spawnSync('python3', ['--version']).status === 0
  it.skipIf(!python)('excludes fcntl locks of other processes, as Kafka takes them (needs python3)', async () => {
    const lockPath = path.join(temporaryDirectory(), '.lock')
    const program = `import fcntl, sys
f = open(sys.argv[1], 'r+')
try:
    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print('taken')
except OSError:
    print('refused')`
    const tryInPython = () => execFileSync('python3', ['-c', program, lockPath], { encoding: 'utf8' }).trim()
    const release = (await disk.lock(lockPath))!
    expect(tryInPython()).toBe('refused')
    // Closing another descriptor of the file would drop a process-owned lock.
    const other = await disk.open(lockPath, { write: true })
    other.close()
    await expect.poll(() => openDescriptors(lockPath)).toBe(1)
    expect(tryInPython()).toBe('refused')
    release()
    expect(tryInPython()).toBe('taken')
  })

  it('excludes another Node process, and is gone when its holder dies', async () => {
    const lockPath = path.join(temporaryDirectory(), '.lock')
    const program = `
      const { constants } = require('fs')
      const addon = require('node-gyp-build')(${JSON.stringify(ADDON)})
      const rows = addon.attachIo(() => {
        if (rows[0] === 0) addon.lockFile(1, rows[1])
        else console.log(rows[1])
      })
      addon.openFile(0, process.argv[1], constants.O_RDWR | constants.O_CREAT)`
    const tryInChild = () =>
      Number(execFileSync(process.execPath, ['-e', program, lockPath], { encoding: 'utf8' }).trim())
    expect(tryInChild()).toBe(0)
    const release = (await disk.lock(lockPath))!
    expect(tryInChild()).toBe(-constants.errno.EAGAIN)
    release()
    expect(tryInChild()).toBe(0)
  })
})

describe('threads', () => {
  it('start when work comes, end with the last disk, and never hold the process', async () => {
    const program = `
      const addon = require('node-gyp-build')(${JSON.stringify(ADDON)})
      const rows = addon.attachIo((count) => {
        const busy = addon.ioState()
        addon.joinIo()
        console.log(JSON.stringify([count, rows[1], busy.threads > 0, busy.pendingJobs, addon.ioState().threads]))
      })
      addon.makeDirectory(7, process.argv[1])`
    const target = path.join(temporaryDirectory(), 'made')
    const output = execFileSync(process.execPath, ['-e', program, target], { encoding: 'utf8', timeout: 20_000 })
    expect(JSON.parse(output)).toEqual([1, 0, true, 0, 0])
  })

  it('of the other lanes go on while every housekeeping thread is stuck', async () => {
    const directory = temporaryDirectory()
    const file = await disk.open(path.join(directory, 'f'), CREATE)
    const pipe = path.join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    // Opening a pipe to read it sleeps until somebody writes. Twice as many as there are threads.
    const stuck = Array.from({ length: 8 }, () => disk.open(pipe, {}))
    await file.write(0, Buffer.from('abc'))
    await file.sync()
    await file.readAhead(0, 3)
    expect(addon.ioState().pendingJobs).toBe(8)
    const writer = openSync(pipe, 'w')
    for (const opened of await Promise.all(stuck)) opened.close()
    closeSync(writer)
    file.close()
  })
})
