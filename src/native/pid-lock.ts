import { link, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'

/**
 * An exclusive lock between processes without fcntl, which node:fs lacks: the
 * file `<path>.pid` names its holder by process id and, where /proc tells it, by
 * start time, so that a reused id is not mistaken for the holder. It is made
 * whole under another name and linked into place, so it is never seen half
 * written. A holder that died leaves it behind; the next one removes it.
 *
 * On Linux the lock is also refused while any process holds a kernel lock on
 * `path` itself (/proc/locks), as native Sluice and Apache Kafka do.
 */
export async function takePidLock(path: string): Promise<(() => Promise<void>) | undefined> {
  if (await hasKernelLock(path)) return undefined
  const pidFile = pidFileOf(path)
  const own = await identityOf(process.pid)
  const candidate = `${pidFile}.${process.pid}`
  await writeFile(candidate, own)
  try {
    if (!(await linkUnlessPresent(candidate, pidFile))) {
      if ((await pidLockHolder(path)) !== undefined) return undefined
      await removeStale(pidFile)
      if (!(await linkUnlessPresent(candidate, pidFile))) return undefined
    }
  } finally {
    await unlink(candidate)
  }
  return () => removeIfPresent(pidFile)
}

/** Process id of the live holder, undefined when free or stale. */
export async function pidLockHolder(path: string): Promise<number | undefined> {
  const written = await readIfPresent(pidFileOf(path))
  if (written === undefined) return undefined
  const pid = Number.parseInt(written, 10)
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return (await identityOf(pid)) === written ? pid : undefined
}

function pidFileOf(path: string): string {
  return `${path}.pid`
}

async function identityOf(pid: number): Promise<string> {
  const status = await readIfPresent(`/proc/${pid}/stat`)
  // Field 22; the second field is the command in parentheses and may hold anything, so count from its end.
  const started = status?.slice(status.lastIndexOf(')') + 2).split(' ')[19]
  return `${pid} ${started ?? '-'}\n`
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return hasCode(error, 'EPERM')
  }
}

async function linkUnlessPresent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** By way of another name: of two that find the same stale file, only one can move it, and a fresh one is put back. */
async function removeStale(pidFile: string): Promise<void> {
  const aside = `${pidFile}.${process.pid}.stale`
  const before = await readIfPresent(pidFile)
  try {
    await rename(pidFile, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  if ((await readIfPresent(aside)) !== before) await linkUnlessPresent(aside, pidFile)
  await unlink(aside)
}

async function hasKernelLock(path: string): Promise<boolean> {
  const locks = await readIfPresent('/proc/locks')
  if (locks === undefined) return false
  let inode: number
  try {
    inode = (await stat(path)).ino
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  return locks.split('\n').some((line) => line.split(/\s+/)[5]?.split(':')[2] === String(inode))
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH') || hasCode(error, 'EACCES')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
