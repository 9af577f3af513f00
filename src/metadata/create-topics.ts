import type { TopicId } from '../base/ids.ts'
import { ErrorCode } from '../protocol/index.ts'
import { type ConfigOutcome, type ConfigRules, replaceConfigs } from './config-changes.ts'
import { ConfigResourceType, type MetadataImage } from './metadata-image.ts'
import { type MetadataRecord, RecordType } from './metadata-records.ts'
import { type OperationError, refuse } from './operation-error.ts'
import {
  assignmentError,
  newPartitionRecord,
  PARTITIONS_PER_REQUEST_MAX,
  type Placement,
} from './partition-placement.ts'
import { splitByName } from './repeated-names.ts'
import { canCollide, collisionForm, METADATA_TOPIC, topicNameProblem } from './topic-name.ts'

/** One topic that somebody wants. -1 means the default, and is required where the assignment is given by hand. */
export interface NewTopic {
  readonly name: string
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly assignments: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

export interface CreateTopicsContext {
  readonly placement: Placement
  readonly defaultPartitions: number
  readonly configRules: ConfigRules
  newTopicId(): TopicId
}

/** What became of one topic. */
export type NewTopicOutcome = { readonly name: string } & (
  | { readonly error: OperationError }
  | {
      readonly error?: undefined
      readonly id: TopicId
      readonly partitionCount: number
      readonly overrides: ReadonlyMap<string, string>
    }
)

/**
 * Records that create the topics which can be created, and what became of each
 * name. A name that is asked for twice is refused, both times, with one answer.
 */
export function createTopics(
  image: MetadataImage,
  topics: readonly NewTopic[],
  context: CreateTopicsContext,
): { records: MetadataRecord[]; outcomes: NewTopicOutcome[] } {
  const { single, repeated } = splitByName(topics)
  const records: MetadataRecord[] = []
  const outcomes: NewTopicOutcome[] = []
  const tooMany = partitionTotal(single, context) > PARTITIONS_PER_REQUEST_MAX
  const names = new NameCheck(image)
  for (const topic of single) {
    const created = tooMany ? TOO_MANY_PARTITIONS : createTopic(image, topic, names, context)
    if ('error' in created) {
      outcomes.push({ name: topic.name, error: created.error })
      continue
    }
    for (const record of created.records) records.push(record)
    const { id, partitionCount, overrides } = created
    outcomes.push({ name: topic.name, id, partitionCount, overrides })
  }
  for (const name of repeated) outcomes.push({ name, ...refuse(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.') })
  return { records, outcomes }
}

interface CreatedTopic {
  readonly records: MetadataRecord[]
  readonly id: TopicId
  readonly partitionCount: number
  readonly overrides: ReadonlyMap<string, string>
}

type Refusal = { readonly error: OperationError }

function createTopic(
  image: MetadataImage,
  topic: NewTopic,
  names: NameCheck,
  context: CreateTopicsContext,
): CreatedTopic | Refusal {
  const nameProblem = names.problem(topic.name)
  if (nameProblem !== undefined) return nameProblem
  if (image.topic(topic.name) !== undefined) {
    return refuse(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${topic.name}' already exists.`)
  }
  const configs = initialConfigs(topic, context.configRules)
  if ('error' in configs) return configs
  const count = topic.assignments.length > 0 ? assignedPartitions(topic, context) : countedPartitions(topic, context)
  if (typeof count !== 'number') return count
  names.take(topic.name)
  const id = context.newTopicId()
  const records: MetadataRecord[] = [{ type: RecordType.topic, value: { name: topic.name, topicId: id } }]
  for (const record of configs.records) records.push(record)
  for (let partition = 0; partition < count; partition++) {
    records.push(newPartitionRecord(id, partition, context.placement))
  }
  return { records, id, partitionCount: count, overrides: configs.overrides }
}

/** Legal, not reserved, and different from every other name where '.' and '_' are the same character. */
class NameCheck {
  readonly #image: MetadataImage
  /** Made when the first name that can collide is met: most never need it. */
  #taken: Map<string, string> | undefined

  constructor(image: MetadataImage) {
    this.#image = image
  }

  problem(name: string): Refusal | undefined {
    if (name === METADATA_TOPIC) {
      return refuse(ErrorCode.INVALID_REQUEST, `Creation of internal topic ${METADATA_TOPIC} is prohibited.`)
    }
    const problem = topicNameProblem(name)
    if (problem !== undefined) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, problem)
    const other = canCollide(name) ? this.#collisions().get(collisionForm(name)) : undefined
    if (other === undefined || other === name) return undefined
    return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topic: ${other}`)
  }

  take(name: string): void {
    this.#taken?.set(collisionForm(name), name)
  }

  #collisions(): Map<string, string> {
    if (this.#taken !== undefined) return this.#taken
    this.#taken = new Map()
    for (const { name } of this.#image.topics.values()) if (canCollide(name)) this.take(name)
    return this.#taken
  }
}

/** Null is no value for a configuration of a new topic; a name given twice takes its last value. */
function initialConfigs(topic: NewTopic, rules: ConfigRules): ConfigOutcome {
  const wanted = new Map<string, string>()
  const withoutValue: string[] = []
  for (const { name, value } of topic.configs) {
    if (value === null) withoutValue.push(name)
    else wanted.set(name, value)
  }
  if (withoutValue.length > 0) {
    return refuse(ErrorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${withoutValue.join(',')}`)
  }
  return replaceConfigs({ type: ConfigResourceType.topic, name: topic.name }, new Map(), wanted, rules)
}

function assignedPartitions(topic: NewTopic, context: CreateTopicsContext): number | Refusal {
  const given = 'A manual partition assignment was specified, but'
  if (topic.replicationFactor !== -1) {
    return refuse(ErrorCode.INVALID_REQUEST, `${given} replication factor was not set to -1.`)
  }
  if (topic.numPartitions !== -1) {
    return refuse(ErrorCode.INVALID_REQUEST, `${given} numPartitions was not set to -1.`)
  }
  const code = ErrorCode.INVALID_REPLICA_ASSIGNMENT
  const seen = new Set<number>()
  let replicasBefore: number | undefined
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (seen.has(partitionIndex)) {
      return refuse(code, `Found multiple manual partition assignments for partition ${partitionIndex}`)
    }
    seen.add(partitionIndex)
    const problem = assignmentError(brokerIds, context.placement, replicasBefore)
    if (problem !== undefined) return problem
    replicasBefore = brokerIds.length
  }
  for (let index = 0; index < seen.size; index++) {
    if (!seen.has(index)) return refuse(code, 'partitions should be a consecutive 0-based integer sequence')
  }
  return seen.size
}

function countedPartitions(topic: NewTopic, context: CreateTopicsContext): number | Refusal {
  const { numPartitions, replicationFactor } = topic
  if (replicationFactor < -1 || replicationFactor === 0) {
    return refuse(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (numPartitions < -1 || numPartitions === 0) {
    return refuse(ErrorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.')
  }
  if (replicationFactor > 1) {
    return refuse(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ` +
        `${replicationFactor} cannot be reached because only 1 broker(s) are registered.`,
    )
  }
  return numPartitions === -1 ? context.defaultPartitions : numPartitions
}

function partitionTotal(topics: readonly NewTopic[], context: CreateTopicsContext): number {
  let total = 0
  for (const topic of topics) {
    if (topic.assignments.length > 0) total += topic.assignments.length
    else if (topic.numPartitions > 0) total += topic.numPartitions
    else if (topic.numPartitions === -1) total += context.defaultPartitions
  }
  return total
}

const TOO_MANY_PARTITIONS = refuse(ErrorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
