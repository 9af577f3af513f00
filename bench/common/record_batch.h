/*
 * Where the fields of a record batch, format 2, lie:
 *
 *   base offset 8 | length 4 | leader epoch 4 | magic 1 | crc 4 | attributes 2 | last offset delta 4 |
 *   base timestamp 8 | max timestamp 8 | producer id 8 | producer epoch 2 | base sequence 4 | record count 4 | records
 *
 * The length counts what follows it; the CRC-32C covers what follows it, so the base offset and the leader epoch can be
 * assigned without touching it.
 */
#ifndef SLUICE_BENCH_RECORD_BATCH_H
#define SLUICE_BENCH_RECORD_BATCH_H

enum {
  batch_base_offset_at = 0,
  batch_length_at = 8,
  batch_length_overhead = 12,
  batch_leader_epoch_at = 12,
  batch_magic_at = 16,
  batch_crc_at = 17,
  batch_attributes_at = 21,
  batch_last_offset_delta_at = 23,
  batch_base_timestamp_at = 27,
  batch_max_timestamp_at = 35,
  batch_producer_id_at = 43,
  batch_producer_epoch_at = 51,
  batch_base_sequence_at = 53,
  batch_record_count_at = 57,
  batch_header_bytes = 61,
};

#endif
