import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { brokerConfigNames, configReferencePage } from '../../src/config/index.ts'

it('docs/CONFIGURATION.md is the table as it is now: run "npm run docs" when this fails', () => {
  const page = readFileSync(new URL('../../docs/CONFIGURATION.md', import.meta.url), 'utf8')
  expect(page).toBe(configReferencePage())
  for (const name of brokerConfigNames) expect(page).toContain(`| \`${name}\` |`)
})
