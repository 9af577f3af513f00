import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { lineOf, parse, projectFiles, readText, walk } from './source-files.ts'

const files = projectFiles()
const sources = files.filter((file) => file.startsWith('src/') && file.endsWith('.ts'))
const binary = /\.(gz|bin|png|snap|node)$/

/** What no file of the project may hold. npm itself writes its public registry into the lock file. */
const forbidden: Readonly<Record<string, RegExp>> = {
  'a private path': /(?<![\w.])(?:\/root\b|\/(?:home|Users|work)\/[\w.-]+|\/tmp\/team\b)/,
  'a registry host':
    /\b(?:registry\.npmjs|registry\.yarnpkg|repo1?\.maven|deb\.debian|archive\.ubuntu|pypi\.org|proxy\.golang)\b/i,
  'a mirror host': /https?:\/\/(?!registry\.npmjs\.)[\w.-]*(?:registry|artifactory|nexus|verdaccio|mirror)[\w.-]*/i,
  'the tool it was typed with':
    /\b(?:claude|anthropic|copilot|helper-\d+|(?:AI|LLM)[- ](?:agent|assistant)|sub-?agents?)\b/i,
  'an unfinished note': /\b(?:TODO|FIXME|XXX|HACK)\b/,
}

function forbiddenIn(file: string, text: string): string[] {
  const found: string[] = []
  for (const [what, pattern] of Object.entries(forbidden)) {
    if (what === 'a registry host' && file === 'package-lock.json') continue
    const match = pattern.exec(text)
    if (match !== null) found.push(`${file} has ${what}: ${match[0]}`)
  }
  return found
}

function hasDocComment(statement: ts.Statement, text: string): boolean {
  const comments = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? []
  return comments.some(({ pos }) => text.startsWith('/**', pos))
}

describe('conventions', () => {
  it('every source file states a contract in a doc comment', () => {
    const silent = sources.filter((file) => {
      const { statements, text } = parse(file)
      return path.basename(file) !== 'index.ts' && !statements.some((statement) => hasDocComment(statement, text))
    })
    expect(silent).toEqual([])
  })

  it('nothing is typed any, and no check of types or lint is switched off', () => {
    const found: string[] = []
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const source = parse(file)
      walk(source, (node) => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${file}:${lineOf(source, node.getStart())} any`)
      })
      if (/@ts-(ignore|nocheck|expect-error)|biome-ignore-all/.test(source.text) && !file.startsWith('test/tidy/')) {
        found.push(`${file} switches a check off`)
      }
    }
    expect(found).toEqual([])
  })

  it('files are named in kebab case, C++ in snake case', () => {
    const script = /^(\d\d-)?[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d|bench))?\.(ts|mjs)$/
    const native = /^[a-z0-9]+(_[a-z0-9]+)*\.(cc|hh|c|h)$/
    const wrong = files.filter((file) => {
      const name = path.basename(file)
      if (/\.(ts|mjs)$/.test(name)) return !script.test(name)
      return /\.(cc|hh|c|h)$/.test(name) && !native.test(name)
    })
    expect(wrong).toEqual([])
  })

  it("no file keeps a path of somebody's machine, a registry's host, who typed it, or a note to finish it", () => {
    const found: string[] = []
    for (const file of files.filter((name) => !binary.test(name) && name !== 'test/tidy/conventions.test.ts')) {
      found.push(...forbiddenIn(file, readText(file)))
    }
    expect(found).toEqual([])
  })

  it('the search for forbidden text finds it and lets the rest pass', () => {
    const fine = 'a group session, a helper-less class, src/work/x, https://example.org/tmp/data'
    const npmUrl = 'https://registry.npmjs.org/yaml'
    expect(forbiddenIn('a.ts', fine)).toEqual([])
    expect(forbiddenIn('package-lock.json', npmUrl)).toEqual([])
    for (const text of [
      'cd /root',
      '/home/me',
      '"/work/x"',
      '/tmp/team/x',
      npmUrl,
      'https://npm-mirror.example/',
      'TODO',
    ]) {
      expect(forbiddenIn('a.ts', text), text).toHaveLength(1)
    }
  })
})
