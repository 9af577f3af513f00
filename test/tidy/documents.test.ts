import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { brokerHandlers } from '../../src/broker/handlers/index.ts'
import { SERVED_PATHS } from '../../src/broker/served-apis.ts'
import { projectFiles, readText, root } from './source-files.ts'

const documents = projectFiles().filter((name) => name.endsWith('.md'))

describe('documents', () => {
  it('docs/COMPATIBILITY.md lists exactly the APIs and versions that are advertised', () => {
    const listed = [...readText('docs/COMPATIBILITY.md').matchAll(/^\| (\d+) \| \w+ \| (\d+)(?:–(\d+))? \|/gm)]
    const documented = listed.map(([, key, from, to]) => [Number(key), Number(from), Number(to ?? from)])
    const ranges = [SERVED_PATHS.produce, SERVED_PATHS.fetch, ...brokerHandlers()]
    const served = ranges.map(({ key, versions }) => [key, versions[0], versions[1]])
    expect(documented.sort(byKey)).toEqual(served.sort(byKey))
  })

  it('links of documents lead to files', () => {
    const broken: string[] = []
    for (const file of documents) {
      for (const [, target] of readText(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
        if (!existsSync(path.join(root, path.dirname(file), target!))) broken.push(`${file} links to ${target}`)
      }
    }
    expect(broken).toEqual([])
  })

  it('programs that documents tell people to run are there', () => {
    const missing: string[] = []
    for (const file of documents) {
      for (const [, program] of readText(file).matchAll(/\bnode ((?:scripts|bench)\/[\w./-]+\.mjs)/g)) {
        if (!existsSync(path.join(root, program!))) missing.push(`${file} names ${program}`)
      }
    }
    expect(missing).toEqual([])
  })
})

function byKey([left]: number[], [right]: number[]): number {
  return left! - right!
}
