import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The portable seams have no native layer: its own tests are the only ones left out.
    exclude:
      process.env.SLUICE_PORTABLE_IO === '1'
        ? ['test/native/**/native-*.test.ts', 'node_modules/**']
        : ['node_modules/**'],
  },
})
