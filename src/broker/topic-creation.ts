import { NO_TOPIC_ID } from '../base/ids.ts'
import {
  createTopics,
  type MetadataImage,
  type NewTopic,
  type NewTopicOutcome,
  type OperationError,
  type Placement,
} from '../metadata/index.ts'
import { topicConfigRules } from './config-rules.ts'
import type { BrokerServices } from './handler.ts'
import { changeMetadata } from './metadata-change.ts'

/**
 * The one way by which topics come to be, for CreateTopics, automatic creation
 * and the coordinators. Resolves when the partitions can be produced to, or with
 * the error that befell all of them.
 */
export async function createTopicsNow(
  services: BrokerServices,
  topics: readonly NewTopic[],
  options: { readonly validateOnly: boolean },
): Promise<readonly NewTopicOutcome[] | { readonly error: OperationError }> {
  const configRules = topicConfigRules(services.config, new Map())
  const outcome = await changeMetadata(services, options.validateOnly, (image) => {
    const { records, outcomes } = createTopics(image, topics, {
      placement: placementOf(services, image),
      defaultPartitions: services.config.number('num.partitions'),
      configRules,
      newTopicId: () => services.metadata.newTopicId(),
    })
    return { records, result: outcomes }
  })
  return 'error' in outcome ? outcome : outcome.result
}

/** New partitions go to this broker's one log directory, by the id it registered. */
export function placementOf(services: BrokerServices, image: MetadataImage): Placement {
  const directoryId = image.brokers.get(services.nodeId)?.logDirectories[0] ?? UNASSIGNED_DIRECTORY
  return { nodeId: services.nodeId, directoryId }
}

/** What Kafka records for a replica whose directory is not known. */
const UNASSIGNED_DIRECTORY = NO_TOPIC_ID
