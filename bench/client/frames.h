/*
 * The requests of the load, built once and patched in place: the places of what changes from one send to the next are
 * kept beside the bytes. Frames start with their length; the correlation id lies at byte 8.
 */
#ifndef SLUICE_BENCH_FRAMES_H
#define SLUICE_BENCH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/wire.h"

enum { frame_correlation_at = 8 };

struct frame {
  uint8_t *bytes;
  size_t length;
  size_t partition_at;
  /* Produce: the batch. */
  size_t batch_at;
  size_t batch_length;
  /* Fetch: what a session and a position change. */
  size_t session_id_at;
  size_t session_epoch_at;
  size_t offset_at;
};

struct batch_shape {
  int records;
  size_t length;
};

/* Where the value of a record lies in a batch of one record with a value of 64 to 8191 bytes and no key. */
enum { single_value_at = 61 + 2 + 1 + 1 + 1 + 1 + 2 };

/* As many records as fit, at least one. */
struct batch_shape batch_shape_for(int batch_bytes, int value_bytes);
/* Appends a valid batch with the current time and a correct CRC. */
void write_batch(struct writer *writer, int records, int value_bytes);
/* Recomputes the CRC of a batch whose bytes were changed. */
void seal_batch(uint8_t *batch, size_t length);

void begin_request(struct writer *writer, int api, int version, bool flexible);
void end_request(struct writer *writer);

struct produce_shape {
  const char *topic;
  int version;
  int acks;
  int records;
  int value_bytes;
};
struct frame produce_frame(const struct produce_shape *shape);

struct fetch_shape {
  const char *topic;
  int max_wait_ms;
  int min_bytes;
  int max_bytes;
};
/* Version 12. A session's later requests may be the same frame: naming a partition again only updates its position. */
struct frame fetch_frame(const struct fetch_shape *shape);

#endif
