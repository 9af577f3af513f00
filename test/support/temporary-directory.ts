import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach } from 'vitest'

/** A fresh directory for the running test, removed after it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'sluice-test-'))
  made.push(directory)
  return directory
}

const made: string[] = []

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true })
})
