/**
 * Named numbers. Each is a plain number at run time; the phantom tag keeps an
 * offset from being passed where an epoch is meant. Plain numbers are accepted,
 * two different names are not interchangeable.
 *
 * int64 values are JavaScript numbers: offsets and timestamps stay below 2^53,
 * which readers of foreign bytes check.
 */
type Named<Base, Name extends string> = Base & { readonly __name?: Name }

/** A record's position in a partition, counted from 0. */
export type Offset = Named<number, 'Offset'>
/** Index of a partition within its topic. */
export type PartitionId = Named<number, 'PartitionId'>
/** Kafka's producer id; -1 is none. */
export type ProducerId = Named<number, 'ProducerId'>
/** Leader epoch of a partition, from 0; -1 is unknown. */
export type LeaderEpoch = Named<number, 'LeaderEpoch'>
/** Milliseconds since 1970-01-01 UTC; -1 is none. */
export type TimestampMs = Named<number, 'TimestampMs'>
/** A topic's UUID as Kafka prints it: 22 characters of base64url, or NO_TOPIC_ID. */
export type TopicId = Named<string, 'TopicId'>

/** The all-zero UUID: "no id". */
export const NO_TOPIC_ID: TopicId = 'AAAAAAAAAAAAAAAAAAAAAA'
