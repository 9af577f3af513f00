import { array, int16, int32, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** Control record of a KRaft log. */
export const leaderChangeMessage = message(
  'LeaderChangeMessage',
  { kind: 'data', versions: [0, 1], flexible: 0 },
  {
    version: int16,
    leaderId: int32,
    voters: array({
      voterId: int32,
      voterDirectoryId: uuid.since(1),
    }),
    grantingVoters: array({
      voterId: int32,
      voterDirectoryId: uuid.since(1),
    }),
  },
)
export type LeaderChangeMessage = MessageValue<typeof leaderChangeMessage>
