/** One `key = value` of a file, with the line it begins on. */
export interface FileEntry {
  readonly name: string
  readonly value: string
  readonly line: number
}

/**
 * Reads Java's properties syntax: comments by # or !, keys ended by =, : or
 * white space, lines continued by an odd number of backslashes, escapes \t \n
 * \r \f and \uXXXX. Every text is legal except a malformed \u, which is kept as
 * written. Order and duplicates are preserved.
 */
export function parseProperties(text: string): FileEntry[] {
  const entries: FileEntry[] = []
  const lines = text.split(/\r\n|\n|\r/)
  for (let index = 0; index < lines.length; index++) {
    const first = index
    let logical = lines[index]!.replace(/^[ \t\f]+/, '')
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    while (endsInContinuation(logical)) {
      logical = logical.slice(0, -1)
      if (++index >= lines.length) break
      logical += lines[index]!.replace(/^[ \t\f]+/, '')
    }
    entries.push({ ...splitEntry(logical), line: first + 1 })
  }
  return entries
}

function endsInContinuation(line: string): boolean {
  let backslashes = 0
  while (line[line.length - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}

function splitEntry(line: string): { name: string; value: string } {
  let end = 0
  while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1
  const rest = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  return { name: unescapeText(line.slice(0, end)), value: unescapeText(rest) }
}

const CONTROL: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.?))/g, (_, hex: string | undefined, character: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return CONTROL[character ?? ''] ?? character ?? ''
  })
}
