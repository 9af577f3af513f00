import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, readConfigFile } from '../../src/config/index.ts'
import { parseProperties } from '../../src/config/server-properties.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'sluice-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const pairs = (text: string) => parseProperties(text).map(({ name, value }) => [name, value])

// Expectations are what java.util.Properties.load makes of the same text.
describe('properties syntax', () => {
  it('reads all three separators and blanks around them', () => {
    expect(pairs('a=1\nb : 2\nc 3\n  d\t=\t4  \ne\nf==5')).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4  '],
      ['e', ''],
      ['f', '=5'],
    ])
  })

  it('skips comments and blank lines, but not a # inside a value', () => {
    expect(pairs('# x=1\n  ! y=2\n\n \t\na=b # c')).toEqual([['a', 'b # c']])
  })

  it('joins continued lines and drops the white space that begins them', () => {
    expect(pairs('a=1,\\\n   2,\\\r\n\t3\nb=x\\\\\nc=y\\')).toEqual([
      ['a', '1,2,3'],
      ['b', 'x\\'],
      ['c', 'y'],
    ])
  })

  it('resolves escapes in keys and values', () => {
    expect(pairs('a\\=b\\:c\\ d=\\t\\u0041\\n\\q\\\\')).toEqual([['a=b:c d', '\tA\nq\\']])
  })

  it('does not take a comment as continued', () => {
    expect(pairs('# a \\\nb=1')).toEqual([['b', '1']])
  })

  it('keeps the line on which an entry begins', () => {
    expect(parseProperties('\na=1\\\n2\nb=3').map(({ name, line }) => [name, line])).toEqual([
      ['a', 2],
      ['b', 4],
    ])
  })
})

describe('a configuration file', () => {
  it('is YAML by its suffix: dotted and nested keys, sequences, large numbers', async () => {
    const file = path.join(directory, 'broker.yaml')
    writeFileSync(
      file,
      'log.dirs: /data\nlog:\n  retention:\n    ms: 9223372036854775807\nlisteners:\n  - A://:1\n  - B://:2\n',
    )
    const { entries } = await readConfigFile(file)
    expect(entries).toEqual([
      { name: 'log.dirs', value: '/data', line: 1 },
      { name: 'log.retention.ms', value: '9223372036854775807', line: 4 },
      { name: 'listeners', value: 'A://:1,B://:2', line: 5 },
    ])
  })

  it('is refused with a reason when it is missing or is not YAML', async () => {
    const broken = path.join(directory, 'broken.yml')
    writeFileSync(broken, 'a: [1\n')
    await expect(readConfigFile(broken)).rejects.toThrow(ConfigError)
    await expect(readConfigFile(path.join(directory, 'none'))).rejects.toThrow(/no such file/)
  })
})
