/** The loads, and what Sluice must reach: at most so many times the floor's and Kafka's CPU time per request. */

const produce1k = {
  name: 'produce-1k',
  title: 'produce 1 KB batches, 16 connections × 8 in flight',
  kind: 'produce',
  load: { batchBytes: 1024, connections: 16, inFlight: 8, partitions: 4 },
  goals: { floor: 3.0, kafka: 0.25 },
}

const produce16k = {
  name: 'produce-16k',
  title: 'produce 16 KB batches, 8 × 2',
  kind: 'produce',
  load: { batchBytes: 16 * 1024, connections: 8, inFlight: 2, partitions: 8 },
  goals: { floor: 1.4, kafka: 0.5 },
}

const produce64k = {
  name: 'produce-64k',
  title: 'produce 64 KB batches, 8 × 2',
  kind: 'produce',
  load: { batchBytes: 64 * 1024, connections: 8, inFlight: 2, partitions: 8 },
  goals: { floor: 1.25, kafka: 0.55 },
}

const fetch16k = {
  name: 'fetch-16k',
  title: 'fetch 16 KB, 8 connections, resident',
  kind: 'fetch',
  batchesPerFetch: 1,
  load: { batchBytes: 16 * 1024, connections: 8, partitions: 8 },
  goals: { floor: 2.0, kafka: 0.4 },
}

const fetch256k = {
  name: 'fetch-256k',
  title: 'fetch 256 KB, 8 connections, resident',
  kind: 'fetch',
  batchesPerFetch: 16,
  load: { batchBytes: 16 * 1024, connections: 8, partitions: 8 },
  goals: { floor: 1.3, kafka: 0.75 },
}

export const throughputLoads = [produce1k, produce16k, produce64k, fetch16k, fetch256k]

/** Records a second, each alone in its request; the time from when one was due until its consumer has it. */
export const endToEndLoads = [
  { name: 'e2e-os', title: '20,000 one-record requests/s, `os`', durability: 'os', rate: 20_000, p99MsMax: 5 },
  { name: 'e2e-always', title: '20,000 one-record requests/s, `always`', durability: 'always', rate: 20_000 },
]

export const startGoals = { acceptMsMax: 200, residentMiBMax: 80, idleCpuShareMax: 0.003 }
export const connectionGoals = { connections: 5000, bytesEachMax: 20 * 1024 }
export const partitionGoals = {
  topics: 10,
  partitionsEach: 1000,
  bytesEachMax: 10 * 1024,
  startMsMax: 3000,
  stallMsMax: 20,
  descriptorLimit: 4096,
}
