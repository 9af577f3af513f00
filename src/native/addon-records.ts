/** What native/records exports: checks of record batches that JavaScript would do too slowly. */
export interface RecordsAddon {
  /** CRC-32C of bytes of one of the addon's slabs, as a signed number. */
  slabCrc32c(slabId: number, position: number, byteLength: number): number
  /**
   * Walks uncompressed records; src/records/record-walk.ts has the meaning of both arrays. Returns the number of faults.
   */
  walkRecords(bytes: Uint8Array, start: number, end: number, parameters: Float64Array, faults: Int32Array): number
}
