export type { CommitSnapshot } from './commit-counters.ts'
export { type CommitterOptions, createCommitter, type ObservedCommitter } from './direct-committer.ts'
