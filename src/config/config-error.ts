/** One thing wrong with the configuration: what, why, and the change that fixes it. */
export interface ConfigProblem {
  readonly what: string
  readonly why: string
  readonly fix: string
}

/** A configuration that cannot be used. All problems are reported at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'SLUICE_CONFIG'
  readonly problems: readonly ConfigProblem[]
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => `${problem.what}: ${problem.why}. ${problem.fix}.`).join('\n'))
    this.problems = problems
  }
}
