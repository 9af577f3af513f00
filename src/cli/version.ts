import { readFileSync } from 'node:fs'

/** The version in package.json, which lies two levels above both src/cli and dist/cli. */
export function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const isPackage = typeof parsed === 'object' && parsed !== null && 'version' in parsed
  return isPackage && typeof parsed.version === 'string' ? parsed.version : 'unknown'
}
