export { startBroker } from './broker.ts'
export type { BoundListener, BrokerOptions, RecoverySummary, RunningBroker, StartProgress } from './running-broker.ts'
