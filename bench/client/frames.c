#define _GNU_SOURCE
#include "frames.h"

#include <time.h>

#include "../common/crc32c.h"
#include "../common/fail.h"
#include "../common/record_batch.h"

enum { frame_overhead = 512 };

static const char client_id[] = "bench";

static size_t varint_length(uint32_t value) {
  size_t length = 1;
  for (; value >= 0x80; value >>= 7) length++;
  return length;
}

/* Attributes, timestamp delta, offset delta, null key, value, no headers. */
static size_t record_body_bytes(int offset_delta, int value_bytes) {
  return 1 + 1 + varint_length((uint32_t)offset_delta << 1) + 1 + varint_length((uint32_t)value_bytes << 1) +
         (size_t)value_bytes + 1;
}

struct batch_shape batch_shape_for(int batch_bytes, int value_bytes) {
  struct batch_shape shape = {0, batch_header_bytes};
  for (;;) {
    size_t body = record_body_bytes(shape.records, value_bytes);
    size_t length = varint_length((uint32_t)body << 1) + body;
    if (shape.records > 0 && shape.length + length > (size_t)batch_bytes) return shape;
    shape.length += length;
    shape.records++;
  }
}

static void write_record(struct writer *writer, int offset_delta, int value_bytes) {
  write_zigzag(writer, (int32_t)record_body_bytes(offset_delta, value_bytes));
  write_8(writer, 0);
  write_zigzag(writer, 0);
  write_zigzag(writer, offset_delta);
  write_zigzag(writer, -1);
  write_zigzag(writer, value_bytes);
  uint8_t *value = write_space(writer, (size_t)value_bytes);
  for (int index = 0; index < value_bytes; index++) value[index] = (uint8_t)('a' + (offset_delta + index) % 26);
  write_zigzag(writer, 0);
}

void seal_batch(uint8_t *batch, size_t length) {
  store_32(batch + batch_crc_at, crc32c(batch + batch_attributes_at, length - batch_attributes_at));
}

void write_batch(struct writer *writer, int records, int value_bytes) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t now_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
  size_t start = writer->length;
  uint8_t *batch = write_space(writer, batch_header_bytes);
  memset(batch, 0, batch_header_bytes);
  store_32(batch + batch_leader_epoch_at, UINT32_MAX);
  batch[batch_magic_at] = 2;
  store_32(batch + batch_last_offset_delta_at, (uint32_t)records - 1);
  store_64(batch + batch_base_timestamp_at, (uint64_t)now_ms);
  store_64(batch + batch_max_timestamp_at, (uint64_t)now_ms);
  store_64(batch + batch_producer_id_at, UINT64_MAX);
  store_16(batch + batch_producer_epoch_at, UINT16_MAX);
  store_32(batch + batch_base_sequence_at, UINT32_MAX);
  store_32(batch + batch_record_count_at, (uint32_t)records);
  for (int index = 0; index < records; index++) write_record(writer, index, value_bytes);
  size_t length = writer->length - start;
  store_32(batch + batch_length_at, (uint32_t)(length - batch_length_overhead));
  seal_batch(batch, length);
}

void begin_request(struct writer *writer, int api, int version, bool flexible) {
  write_32(writer, 0);
  write_16(writer, api);
  write_16(writer, version);
  write_32(writer, 0);
  write_string(writer, client_id);
  if (flexible) write_varint(writer, 0);
}

void end_request(struct writer *writer) { store_32(writer->bytes, (uint32_t)writer->length - 4); }

static struct writer new_writer(size_t capacity) {
  struct writer writer = {malloc(capacity), 0, capacity};
  if (writer.bytes == NULL) fail("load: out of memory");
  return writer;
}

struct frame produce_frame(const struct produce_shape *shape) {
  struct writer writer = new_writer(frame_overhead + (size_t)shape->records * ((size_t)shape->value_bytes + 32));
  struct frame frame = {0};
  begin_request(&writer, api_produce, shape->version, true);
  write_varint(&writer, 0);
  write_16(&writer, shape->acks);
  write_32(&writer, 30000);
  write_varint(&writer, 2);
  write_compact_string(&writer, shape->topic);
  write_varint(&writer, 2);
  frame.partition_at = writer.length;
  write_32(&writer, 0);

  struct writer batch = new_writer(writer.capacity);
  write_batch(&batch, shape->records, shape->value_bytes);
  write_varint(&writer, (uint32_t)batch.length + 1);
  frame.batch_at = writer.length;
  frame.batch_length = batch.length;
  write_bytes(&writer, batch.bytes, batch.length);
  free(batch.bytes);

  write_varint(&writer, 0);
  write_varint(&writer, 0);
  write_varint(&writer, 0);
  end_request(&writer);
  frame.bytes = writer.bytes;
  frame.length = writer.length;
  return frame;
}

struct frame fetch_frame(const struct fetch_shape *shape) {
  struct frame frame = {0};
  struct writer writer = new_writer(frame_overhead);
  begin_request(&writer, api_fetch, 12, true);
  write_32(&writer, -1);
  write_32(&writer, shape->max_wait_ms);
  write_32(&writer, shape->min_bytes);
  write_32(&writer, 64 << 20);
  write_8(&writer, 0);
  frame.session_id_at = writer.length;
  write_32(&writer, 0);
  frame.session_epoch_at = writer.length;
  write_32(&writer, -1);
  write_varint(&writer, 2);
  write_compact_string(&writer, shape->topic);
  write_varint(&writer, 2);
  frame.partition_at = writer.length;
  write_32(&writer, 0);
  write_32(&writer, -1);
  frame.offset_at = writer.length;
  write_64(&writer, 0);
  write_32(&writer, -1);
  write_64(&writer, -1);
  write_32(&writer, shape->max_bytes);
  write_varint(&writer, 0);
  write_varint(&writer, 0);
  write_varint(&writer, 1);
  write_compact_string(&writer, "");
  write_varint(&writer, 0);
  end_request(&writer);
  frame.bytes = writer.bytes;
  frame.length = writer.length;
  return frame;
}
