import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ConfigError } from './config-error.ts'
import { type FileEntry, parseProperties } from './server-properties.ts'

/** A configuration file: its path and what it sets, in order. */
export interface ConfigFile {
  readonly path: string
  readonly entries: readonly FileEntry[]
}

/**
 * Reads Kafka's server.properties, or YAML (.yaml, .yml) with the same dotted
 * keys; nested YAML maps join their keys with dots, sequences become lists.
 * Rejects with ConfigError when the file cannot be read or is not YAML.
 */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new ConfigError([{ what: `configuration file ${file}`, why, fix: 'Give the path of a readable file' }])
  })
  const isYaml = ['.yaml', '.yml'].includes(path.extname(file))
  return { path: file, entries: isYaml ? await parseYaml(file, text) : parseProperties(text) }
}

/** The YAML parser is loaded only when it is needed: it would cost every start some 30 ms. */
async function parseYaml(file: string, text: string): Promise<FileEntry[]> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml')
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, intAsBigInt: true })
  const entries: FileEntry[] = []
  const [error] = document.errors
  if (error !== undefined) {
    throw new ConfigError([{ what: `configuration file ${file}`, why: error.message, fix: 'Correct the YAML' }])
  }
  const scalarText = (node: unknown): string => (isScalar(node) ? String(node.value ?? '') : '')
  const visit = (name: string, node: unknown, line: number): void => {
    if (isMap(node)) {
      for (const pair of node.items) {
        const key = scalarText(pair.key)
        const start = isScalar(pair.key) && pair.key.range ? counter.linePos(pair.key.range[0]).line : line
        visit(name === '' ? key : `${name}.${key}`, pair.value, start)
      }
    } else if (isSeq(node)) entries.push({ name, value: node.items.map(scalarText).join(','), line })
    else entries.push({ name, value: scalarText(node), line })
  }
  if (document.contents !== null) visit('', document.contents, 1)
  return entries
}
