import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { lineOf, parse, projectFiles, readText, walk } from './source-files.ts'

const FUNCTION_LINES_MAX = 70
const FILE_LINES_MAX = 500

const files = projectFiles()
const isScript = (file: string) => /\.(ts|mjs)$/.test(file)
const isNative = (file: string) => /\.(cc|hh|c|h)$/.test(file)

interface Measured {
  readonly name: string
  readonly lines: number
}

/** A function that only groups tests or is a test is as long as its list; what it holds is measured by itself. */
function isTestBlock(node: ts.Node): boolean {
  const call = node.parent
  if (!ts.isCallExpression(call)) return false
  const name = call.expression.getText().split(/[.(]/)[0]
  return name !== undefined && ['describe', 'it', 'test'].includes(name)
}

function scriptFunctions(file: string): Measured[] {
  const source = parse(file)
  const found: Measured[] = []
  walk(source, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isTestBlock(node)) return
    const first = lineOf(source, node.getStart())
    const lines = lineOf(source, node.getEnd()) - first + 1
    found.push({ name: `${file}:${first}`, lines })
  })
  return found
}

/**
 * Functions of C and C++ by braces: a block that opens after a parameter list is
 * one; namespaces, types, initializers and control flow are not. Comments,
 * strings and preprocessor lines are blanked first.
 */
function nativeFunctions(file: string, text: string): Measured[] {
  const code = blankNonCode(text)
  const found: Measured[] = []
  const open: { start: number; isFunction: boolean; isInitializer: boolean }[] = []
  let statementStart = 0
  for (let index = 0; index < code.length; index++) {
    const character = code[index]
    if (character === '{') {
      const head = code.slice(statementStart, index).trim()
      const inside = open.some((block) => block.isFunction)
      // `member_{value}` in a constructor's list: no space before the brace, and the head goes on behind it.
      const isInitializer = /\w/.test(code[index - 1] ?? '')
      open.push({ start: index, isInitializer, isFunction: !inside && !isInitializer && opensFunction(head) })
      if (!isInitializer) statementStart = index + 1
    } else if (character === '}') {
      const block = open.pop()
      if (block?.isFunction) {
        const first = lineNumber(code, block.start)
        found.push({ name: `${file}:${first}`, lines: lineNumber(code, index) - first + 1 })
      }
      if (!block?.isInitializer) statementStart = index + 1
    } else if (character === ';') statementStart = index + 1
  }
  return found
}

function opensFunction(head: string): boolean {
  if (/^(namespace|extern|class|struct|enum|union|if|for|while|switch|do|else|try|catch)\b/.test(head)) return false
  return /\)\s*(const|noexcept|override|final|mutable|->\s*[\w:<>*&\s]+|:\s*[^{]*|\s)*$/.test(head)
}

function blankNonCode(text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, ' ')
  return text
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'/g, blank)
    .replace(/^[ \t]*#(?:[^\n\\]|\\.|\\\n)*/gm, blank)
}

function lineNumber(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

const tooLong = (measured: readonly Measured[]) =>
  measured.filter(({ lines }) => lines > FUNCTION_LINES_MAX).map(({ name, lines }) => `${name} has ${lines} lines`)

describe('sizes', () => {
  it(`functions of TypeScript have at most ${FUNCTION_LINES_MAX} lines`, () => {
    const functions = files.filter(isScript).flatMap(scriptFunctions)
    expect(functions.length).toBeGreaterThan(500)
    expect(tooLong(functions)).toEqual([])
  })

  it(`functions of C++ have at most ${FUNCTION_LINES_MAX} lines`, () => {
    const functions = files.filter(isNative).flatMap((file) => nativeFunctions(file, readText(file)))
    expect(functions.length).toBeGreaterThan(50)
    expect(tooLong(functions)).toEqual([])
  })

  it(`source files have at most ${FILE_LINES_MAX} lines`, () => {
    const long = files
      .filter((file) => isScript(file) || isNative(file))
      .map((file) => ({ name: file, lines: readText(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > FILE_LINES_MAX)
    expect(long).toEqual([])
  })
})

describe('the counter of C++ functions', () => {
  it('counts methods, constructors and free functions, not types, namespaces or inner blocks', () => {
    const code = `namespace a {
class B {
 public:
  explicit B(int x) : x_{x}, y_(x) {
    if (x) { x_ = 1; }
  }
  int get() const noexcept { return "}"[0]; }
  int x_ = 0; // {
};
#define M(x) { x }
static int free_one(
    int a) {
  auto inner = [&](int b) {
    return b;
  };
  return inner(a);
}
}  // namespace a
`
    expect(nativeFunctions('b.cc', code)).toEqual([
      { name: 'b.cc:4', lines: 3 },
      { name: 'b.cc:7', lines: 1 },
      { name: 'b.cc:12', lines: 6 },
    ])
  })
})
