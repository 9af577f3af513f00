/**
 * Which names a topic may have. Names become directory names and metric names,
 * so the character set is narrow, and '.' and '_' count as the same character
 * when two names are compared.
 */
export const TOPIC_NAME_LENGTH_MAX = 249

/** Why a name is refused, in the words that Kafka's clients know; undefined for a legal name. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${TOPIC_NAME_LENGTH_MAX}`
  }
  if (LEGAL_NAME.test(name)) return undefined
  return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
}

/** Two different names that are equal in this form collide. */
export function collisionForm(name: string): string {
  return name.replaceAll('.', '_')
}

/** Whether the name can collide with another at all. */
export function canCollide(name: string): boolean {
  return name.includes('.') || name.includes('_')
}

/** Topics that the broker keeps its own state in: listed as internal, closed to producers and to DeleteRecords. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** The log of the metadata itself. It is not a topic of the image, and nobody may create one of that name. */
export const METADATA_TOPIC = '__cluster_metadata'
/** The fixed id of METADATA_TOPIC: the UUID 0, 1. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

const INTERNAL_TOPICS = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/
