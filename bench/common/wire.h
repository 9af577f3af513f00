/*
 * Reading and writing of the Kafka wire format, as far as the benchmark needs it.
 *
 * A reader never passes its end: a read beyond it sets `failed`, yields zeros and stays failed, so a caller checks once
 * after the last field. A writer asserts its capacity: the benchmark sizes its own buffers.
 */
#ifndef SLUICE_BENCH_WIRE_H
#define SLUICE_BENCH_WIRE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
  api_produce = 0,
  api_fetch = 1,
  api_metadata = 3,
  api_versions = 18,
  api_create_topics = 19,
};

static inline void store_16(uint8_t *at, uint16_t value) {
  value = __builtin_bswap16(value);
  memcpy(at, &value, 2);
}

static inline void store_32(uint8_t *at, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(at, &value, 4);
}

static inline void store_64(uint8_t *at, uint64_t value) {
  value = __builtin_bswap64(value);
  memcpy(at, &value, 8);
}

static inline uint16_t load_16(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, 2);
  return __builtin_bswap16(value);
}

static inline uint32_t load_32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return __builtin_bswap32(value);
}

static inline uint64_t load_64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, 8);
  return __builtin_bswap64(value);
}

struct reader {
  const uint8_t *at;
  const uint8_t *end;
  bool failed;
};

static inline const uint8_t *read_bytes(struct reader *reader, size_t length) {
  static const uint8_t zeros[16];
  if (reader->failed || (size_t)(reader->end - reader->at) < length) {
    reader->failed = true;
    return zeros;
  }
  const uint8_t *at = reader->at;
  reader->at += length;
  return at;
}

static inline uint8_t read_8(struct reader *reader) { return *read_bytes(reader, 1); }
static inline int16_t read_16(struct reader *reader) { return (int16_t)load_16(read_bytes(reader, 2)); }
static inline int32_t read_32(struct reader *reader) { return (int32_t)load_32(read_bytes(reader, 4)); }
static inline int64_t read_64(struct reader *reader) { return (int64_t)load_64(read_bytes(reader, 8)); }

static inline uint32_t read_varint(struct reader *reader) {
  uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    uint8_t byte = read_8(reader);
    value |= (uint32_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  reader->failed = true;
  return 0;
}

/* Length of a compact string, bytes or array; null counts as empty. */
static inline uint32_t read_compact_length(struct reader *reader) {
  uint32_t length = read_varint(reader);
  return length == 0 ? 0 : length - 1;
}

static inline void skip_compact(struct reader *reader) { read_bytes(reader, read_compact_length(reader)); }

static inline void skip_string(struct reader *reader) {
  int16_t length = read_16(reader);
  if (length > 0) read_bytes(reader, (size_t)length);
}

static inline void skip_tags(struct reader *reader) {
  for (uint32_t count = read_varint(reader); count > 0 && !reader->failed; count--) {
    read_varint(reader);
    read_bytes(reader, read_varint(reader));
  }
}

struct writer {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
};

static inline uint8_t *write_space(struct writer *writer, size_t length) {
  assert(writer->length + length <= writer->capacity);
  uint8_t *at = writer->bytes + writer->length;
  writer->length += length;
  return at;
}

static inline void write_8(struct writer *writer, uint8_t value) { *write_space(writer, 1) = value; }
static inline void write_16(struct writer *writer, int value) { store_16(write_space(writer, 2), (uint16_t)value); }
static inline void write_32(struct writer *writer, int64_t value) { store_32(write_space(writer, 4), (uint32_t)value); }
static inline void write_64(struct writer *writer, int64_t value) { store_64(write_space(writer, 8), (uint64_t)value); }

static inline void write_bytes(struct writer *writer, const void *bytes, size_t length) {
  memcpy(write_space(writer, length), bytes, length);
}

static inline void write_varint(struct writer *writer, uint32_t value) {
  while (value >= 0x80) {
    write_8(writer, (uint8_t)(value | 0x80));
    value >>= 7;
  }
  write_8(writer, (uint8_t)value);
}

static inline void write_zigzag(struct writer *writer, int32_t value) {
  write_varint(writer, ((uint32_t)value << 1) ^ (uint32_t)(value >> 31));
}

static inline void write_compact_string(struct writer *writer, const char *text) {
  write_varint(writer, (uint32_t)strlen(text) + 1);
  write_bytes(writer, text, strlen(text));
}

static inline void write_string(struct writer *writer, const char *text) {
  write_16(writer, (int)strlen(text));
  write_bytes(writer, text, strlen(text));
}

#endif
