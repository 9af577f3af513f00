/** What the process exits with: done, failed while working, or told to do something it does not understand. */
export const ExitCode = { ok: 0, failure: 1, usage: 2 } as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
