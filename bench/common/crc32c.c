/*
 * The crc32 instruction takes three cycles but one can start every cycle, so three lanes run side by side and are joined
 * afterwards: the state of a lane is advanced over the zeros that stand for the lane behind it. A CRC is linear, hence
 * advancing is four table look-ups, and the tables are made by pushing zeros through the instruction itself.
 */
#include "crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

enum { long_lane_bytes = 2048, short_lane_bytes = 256 };

typedef uint32_t advance_table[4][256];
static advance_table advance_long;
static advance_table advance_short;

static inline uint64_t load_word(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

static void make_advance_table(advance_table table, size_t lane_bytes) {
  for (int lane = 0; lane < 4; lane++) {
    for (uint32_t value = 0; value < 256; value++) {
      uint64_t state = value << (8 * lane);
      for (size_t done = 0; done < lane_bytes; done += 8) state = _mm_crc32_u64(state, 0);
      table[lane][value] = (uint32_t)state;
    }
  }
}

static inline uint32_t advance(advance_table table, uint32_t state) {
  return table[0][state & 0xff] ^ table[1][(state >> 8) & 0xff] ^ table[2][(state >> 16) & 0xff] ^
         table[3][state >> 24];
}

static inline uint32_t three_lanes(advance_table table, size_t lane_bytes, uint32_t state, const uint8_t *at) {
  uint64_t first = state;
  uint64_t second = 0;
  uint64_t third = 0;
  for (size_t done = 0; done < lane_bytes; done += 8) {
    first = _mm_crc32_u64(first, load_word(at + done));
    second = _mm_crc32_u64(second, load_word(at + lane_bytes + done));
    third = _mm_crc32_u64(third, load_word(at + 2 * lane_bytes + done));
  }
  uint32_t joined = advance(table, (uint32_t)first) ^ (uint32_t)second;
  return advance(table, joined) ^ (uint32_t)third;
}

void crc32c_prepare(void) {
  make_advance_table(advance_long, long_lane_bytes);
  make_advance_table(advance_short, short_lane_bytes);
}

uint32_t crc32c(const uint8_t *bytes, size_t length) {
  uint32_t state = 0xffffffff;
  for (; length >= 3 * long_lane_bytes; bytes += 3 * long_lane_bytes, length -= 3 * long_lane_bytes) {
    state = three_lanes(advance_long, long_lane_bytes, state, bytes);
  }
  for (; length >= 3 * short_lane_bytes; bytes += 3 * short_lane_bytes, length -= 3 * short_lane_bytes) {
    state = three_lanes(advance_short, short_lane_bytes, state, bytes);
  }
  uint64_t tail = state;
  for (; length >= 8; bytes += 8, length -= 8) tail = _mm_crc32_u64(tail, load_word(bytes));
  state = (uint32_t)tail;
  for (; length > 0; bytes++, length--) state = _mm_crc32_u8(state, *bytes);
  return ~state;
}

#else

static uint32_t byte_table[256];

void crc32c_prepare(void) {
  for (uint32_t value = 0; value < 256; value++) {
    uint32_t state = value;
    for (int bit = 0; bit < 8; bit++) state = (state >> 1) ^ ((state & 1) ? 0x82f63b78u : 0);
    byte_table[value] = state;
  }
}

uint32_t crc32c(const uint8_t *bytes, size_t length) {
  uint32_t state = 0xffffffff;
  for (; length > 0; bytes++, length--) state = byte_table[(state ^ *bytes) & 0xff] ^ (state >> 8);
  return ~state;
}

#endif
