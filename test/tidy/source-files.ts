import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../../', import.meta.url))

const texts = new Map<string, string>()
const parsed = new Map<string, ts.SourceFile>()

/**
 * Paths of all files that are tracked or about to be (ignored ones excluded), relative to the root. They are read
 * here, so that a file which a test makes and removes meanwhile cannot fail a check.
 */
export function projectFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  for (const file of listed.toString().split('\0')) {
    const text = file === '' ? undefined : textOf(file)
    if (text !== undefined) texts.set(file, text)
  }
  return [...texts.keys()]
}

/** Undefined when the file is gone (removed but still tracked, or since it was listed) or a link to a folder. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'EISDIR') return undefined
    throw error
  }
}

/** The text of one of the project's files as it was when they were listed. */
export function readText(file: string): string {
  const text = texts.get(file)
  assert(text !== undefined, `${file} is not a file of the project`)
  return text
}

export function parse(file: string): ts.SourceFile {
  const source = parsed.get(file) ?? ts.createSourceFile(file, readText(file), ts.ScriptTarget.Latest, true)
  parsed.set(file, source)
  return source
}

/** Calls `visit` for a node and everything below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

export function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1
}
