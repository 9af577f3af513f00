/**
 * The bit sets that Metadata and its kin answer with when a client asks what it
 * may do. Without an authorizer everybody may do everything that the kind of
 * resource knows. Bits are Kafka's operation numbers: read 3, write 4, create 5,
 * delete 6, alter 7, describe 8, cluster action 9, describe configs 10, alter
 * configs 11, idempotent write 12.
 */
export const TOPIC_OPERATIONS = bits(3, 4, 5, 6, 7, 8, 10, 11)
export const CLUSTER_OPERATIONS = bits(5, 7, 8, 9, 10, 11, 12)
/** Nobody asked. */
export const OPERATIONS_NOT_ASKED = -2147483648

function bits(...operations: readonly number[]): number {
  return operations.reduce((set, operation) => set | (1 << operation), 0)
}
