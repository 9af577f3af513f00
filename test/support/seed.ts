import fc from 'fast-check'

// SLUICE_SEED makes every property test repeat the same run. Without it each run draws its own, and a failure prints it.
if (process.env.SLUICE_SEED !== undefined) fc.configureGlobal({ seed: Number(process.env.SLUICE_SEED) })
