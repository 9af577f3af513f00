import type { TopicId } from '../base/ids.ts'

/** Fresh random bytes. */
export type RandomBytes = (byteLength: number) => Buffer

/** A random (version 4) UUID as 22 characters of base64url. */
export function randomUuid(random: RandomBytes): string {
  const bytes = Buffer.from(random(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('base64url')
}

/**
 * A UUID that can name a topic: not taken, and not starting with '-', which
 * command-line tools would read as an option. Version 4 rules out the reserved
 * ids zero and one.
 */
export function randomTopicId(random: RandomBytes, isTaken: (id: TopicId) => boolean): TopicId {
  for (;;) {
    const id = randomUuid(random)
    if (!id.startsWith('-') && !isTaken(id)) return id
  }
}
