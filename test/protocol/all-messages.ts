import * as protocol from '../../src/protocol/index.ts'
import { Message } from '../../src/protocol/index.ts'

const exported: readonly unknown[] = Object.values(protocol)

/** Every message that src/protocol has a schema of. */
export const allMessages: readonly Message<unknown>[] = exported.filter((value) => value instanceof Message)

export function messageNamed(name: string): Message<unknown> {
  const found = allMessages.find((message) => message.name === name)
  if (found === undefined) throw new Error(`no schema named ${name}`)
  return found
}

/** [name, version, message] of every version of every message. */
export const allVersions: readonly (readonly [string, number, Message<unknown>])[] = allMessages.flatMap((message) =>
  Array.from({ length: message.versions[1] - message.versions[0] + 1 }, (_, index) => {
    const version = message.versions[0] + index
    return [message.name, version, message] as const
  }),
)
