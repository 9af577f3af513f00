import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { parse, projectFiles, walk } from './source-files.ts'

/** Which room may import which. Everybody may import `base`; nobody may import upward or sideways. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  native: ['base'],
  protocol: ['base'],
  config: ['base'],
  records: ['base', 'native'],
  log: ['base', 'records', 'native'],
  commit: ['base', 'native'],
  lab: ['base', 'log', 'commit', 'native'],
  net: ['base', 'protocol', 'native'],
  coordinator: ['base', 'protocol'],
  security: ['base', 'protocol'],
  metadata: ['base', 'protocol'],
  client: ['base', 'records', 'protocol'],
  broker: [
    'base',
    'native',
    'protocol',
    'config',
    'records',
    'log',
    'commit',
    'lab',
    'net',
    'coordinator',
    'security',
    'metadata',
  ],
  cli: ['base', 'broker', 'client', 'config', 'lab'],
  testing: ['base', 'broker', 'client', 'config', 'lab'],
}

/** Besides index.ts: interfaces that other rooms name, but only as types. `base` is a shelf, not a room: its files are imported one by one. */
const typeFiles = new Set(['native/disk.ts', 'native/slab.ts', 'native/transport.ts', 'log/partition-log.ts'])

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return
    found.push({ file, target: path.posix.join(path.posix.dirname(file), specifier.text), typeOnly })
  }
  walk(parse(file), (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node))
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
  })
  return found
}

const roomOf = (file: string) => file.split('/')[1] ?? ''
const sources = projectFiles().filter((file) => file.startsWith('src/') && file.endsWith('.ts'))
const imports = sources.flatMap(importsOf)
const crossing = imports.filter(({ file, target }) => roomOf(file) !== roomOf(target))
const describeImport = ({ file, target }: Import) => `${file} imports ${target}`

describe('imports between rooms', () => {
  it('were found at all', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(crossing.length).toBeGreaterThan(50)
  })

  it('every folder of src is a room with a rule', () => {
    expect([...new Set(sources.map(roomOf))].filter((room) => !(room in allowed))).toEqual([])
  })

  it('go only in the allowed directions', () => {
    const wrong = crossing.filter(({ file, target }) => !allowed[roomOf(file)]?.includes(roomOf(target)))
    expect(wrong.map(describeImport)).toEqual([])
  })

  it('go through index.ts, except to base and, for types, to the listed files', () => {
    const wrong = crossing.filter(({ target, typeOnly }) => {
      const inside = target.slice('src/'.length)
      const direct = typeOnly && typeFiles.has(inside)
      return roomOf(target) !== 'base' && inside !== `${roomOf(target)}/index.ts` && !direct
    })
    expect(wrong.map(describeImport)).toEqual([])
  })

  it('stay within src', () => {
    expect(imports.filter(({ target }) => !target.startsWith('src/')).map(describeImport)).toEqual([])
  })

  it('never form a cycle between files', () => {
    expect(cyclesIn(valueImports())).toEqual([])
  })
})

describe('index.ts', () => {
  it('only re-exports', () => {
    const indexes = sources.filter((file) => /^src\/\w+\/index\.ts$/.test(file))
    const withLogic = indexes.filter((file) =>
      parse(file).statements.some((statement) => !ts.isExportDeclaration(statement)),
    )
    expect(withLogic).toEqual([])
  })
})

/** Imports that exist at run time: types cannot make a cycle that matters. */
function valueImports(): Map<string, string[]> {
  const graph = new Map<string, string[]>()
  for (const file of sources) graph.set(file, [])
  for (const { file, target, typeOnly } of imports) if (!typeOnly) graph.get(file)?.push(target)
  return graph
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause
    const named = clause !== undefined && ts.isNamedExports(clause)
    return statement.isTypeOnly || (named && clause.elements.every((element) => element.isTypeOnly))
  }
  const clause = statement.importClause
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const bindings = clause.namedBindings
  const named = bindings !== undefined && ts.isNamedImports(bindings)
  return clause.name === undefined && named && bindings.elements.every((element) => element.isTypeOnly)
}

function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}
