import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDisk } from '../../src/native/open-disk.ts'
import { pidLockHolder, takePidLock } from '../../src/native/pid-lock.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const lockIn = (directory: string) => path.join(directory, '.lock')

describe('the lock by process id, among our own', () => {
  it('is held once, names its holder, and is free after its release', async () => {
    const directory = temporaryDirectory()
    for (let round = 0; round < 3; round++) {
      const release = await takePidLock(lockIn(directory))
      expect(await pidLockHolder(lockIn(directory))).toBe(process.pid)
      expect(await takePidLock(lockIn(directory))).toBeUndefined()
      release!()
      expect(await pidLockHolder(lockIn(directory))).toBeUndefined()
      expect(readdirSync(directory)).toEqual([`.lock.pid-${round + 1}`])
    }
  })

  const dead = () => {
    const child = spawnSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' })
    return `${child.stdout.trim()} 12345\n`
  }
  it.each([
    ['a process that died', dead],
    ['a process id that was used again', () => `${process.pid} 1\n`],
    ['a file that names nobody', () => ''],
  ])('is taken over from %s', async (_, content) => {
    const directory = temporaryDirectory()
    writeFileSync(`${lockIn(directory)}.pid-7`, content())
    expect(await takePidLock(lockIn(directory))).toBeDefined()
    expect(readdirSync(directory)).toEqual(['.lock.pid-8'])
    expect(readFileSync(`${lockIn(directory)}.pid-8`, 'utf8')).toMatch(new RegExp(`^${process.pid} `))
  })

  it('goes to exactly one of many that try at once', async () => {
    const directory = temporaryDirectory()
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => takePidLock(lockIn(directory))))
      const winners = outcomes.filter((release) => release !== undefined)
      expect(winners.length).toBe(1)
      winners[0]!()
    }
    expect(readdirSync(directory).length).toBe(1)
  })
})

describe('the lock by process id, against others', () => {
  it.skipIf(process.platform !== 'linux' || spawnSync('python3', ['--version']).status !== 0)(
    'is refused while another process holds a kernel lock, as Kafka does (needs python3)',
    async () => {
      const lockPath = lockIn(temporaryDirectory())
      writeFileSync(lockPath, '')
      const program = `import fcntl, sys
f = open(sys.argv[1], 'r+')
fcntl.lockf(f, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()`
      const holder = spawn('python3', ['-c', program, lockPath])
      await new Promise((resolve) => holder.stdout.once('data', resolve))
      expect(await takePidLock(lockPath)).toBeUndefined()
      holder.stdin.end()
      await new Promise((resolve) => holder.once('exit', resolve))
      expect(await takePidLock(lockPath)).toBeDefined()
    },
  )

  it('excludes a broker in the other I/O mode', async () => {
    const lockPath = lockIn(temporaryDirectory())
    const portable = openDisk({ mode: 'portable' })
    const disk = openDisk()
    const release = await portable.lock(lockPath)
    expect(await disk.lock(lockPath)).toBeUndefined()
    release!()
    const released = await disk.lock(lockPath)
    expect(await portable.lock(lockPath)).toBeUndefined()
    released!()
    await portable.close()
    await disk.close()
  })
})
