import type { BrokerConfig } from '../config/index.ts'
import type { NewTopic } from '../metadata/index.ts'

/** How the broker creates a topic that it keeps its own state in; undefined for other names. */
export function internalTopic(name: string, config: BrokerConfig): NewTopic | undefined {
  switch (name) {
    case OFFSETS_TOPIC:
      return stateTopic(name, config.number('offsets.topic.num.partitions'), {
        'compression.type': 'producer',
        'segment.bytes': String(config.number('offsets.topic.segment.bytes')),
      })
    case TRANSACTIONS_TOPIC:
      return stateTopic(name, config.number('transaction.state.log.num.partitions'), {
        'compression.type': 'uncompressed',
        'segment.bytes': String(config.number('transaction.state.log.segment.bytes')),
      })
    default:
      return undefined
  }
}

function stateTopic(name: string, numPartitions: number, configs: Record<string, string>): NewTopic {
  const all = Object.entries({ 'cleanup.policy': 'compact', ...configs })
  return {
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: all.map(([key, value]) => ({ name: key, value })),
  }
}

const OFFSETS_TOPIC = '__consumer_offsets'
const TRANSACTIONS_TOPIC = '__transaction_state'
