import { array, int16, int32, string, struct, uint16, uuid } from '../field.ts'
import { type MessageValue, message } from '../message.ts'

/** Control record of a KRaft log. */
export const votersRecord = message(
  'VotersRecord',
  { kind: 'data', versions: [0, 0], flexible: 0 },
  {
    version: int16,
    voters: array({
      voterId: int32,
      voterDirectoryId: uuid,
      endpoints: array({
        name: string,
        host: string,
        port: uint16,
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16,
        maxSupportedVersion: int16,
      }),
    }),
  },
)
export type VotersRecord = MessageValue<typeof votersRecord>
