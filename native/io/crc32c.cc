#include "crc32c.hh"

#include <cstring>
#include <initializer_list>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

namespace sluice {

namespace {

// All arithmetic is bit-reflected: bit 31 is the coefficient of x^0.
constexpr uint32_t kPolynomial = 0x82F63B78u;

uint64_t load64(const uint8_t* data) {
  uint64_t value;
  std::memcpy(&value, data, sizeof(value));
  return value;
}

struct Tables {
  uint32_t by_position[8][256];

  Tables() {
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
      by_position[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
      for (int position = 1; position < 8; position++) {
        const uint32_t previous = by_position[position - 1][byte];
        by_position[position][byte] = (previous >> 8) ^ by_position[0][previous & 0xFF];
      }
    }
  }
};

uint32_t crc_table(uint32_t seed, const void* data, size_t size) {
  static const Tables tables;
  const auto* next = static_cast<const uint8_t*>(data);
  uint64_t crc = ~seed;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  for (; size >= 8; size -= 8, next += 8) {
    const uint64_t word = crc ^ load64(next);
    crc = 0;
    for (int position = 0; position < 8; position++) {
      crc ^= tables.by_position[7 - position][(word >> (8 * position)) & 0xFF];
    }
  }
#endif
  for (; size > 0; size--) crc = (crc >> 8) ^ tables.by_position[0][(crc ^ *next++) & 0xFF];
  return ~static_cast<uint32_t>(crc);
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) uint64_t update_sse42(uint64_t crc, const uint8_t* data, size_t size) {
  for (; size >= 8; size -= 8, data += 8) crc = _mm_crc32_u64(crc, load64(data));
  for (; size > 0; size--) crc = _mm_crc32_u8(static_cast<uint32_t>(crc), *data++);
  return crc;
}

uint32_t crc_sse42(uint32_t seed, const void* data, size_t size) {
  return ~static_cast<uint32_t>(update_sse42(~seed, static_cast<const uint8_t*>(data), size));
}

// x^exponent modulo the polynomial.
uint32_t power_of_x(uint32_t exponent) {
  uint32_t power = 0x80000000u;
  for (; exponent > 0; exponent--) power = (power >> 1) ^ ((power & 1) != 0 ? kPolynomial : 0);
  return power;
}

// The crc32 instruction has a latency of three cycles and a throughput of one, so three independent lanes keep it busy.
// A lane's checksum is carried over the `n` bits that follow it by multiplying with x^n: a carry-less product of two
// reflected 32-bit values stands for one power of x more than their product, and _mm_crc32_u64 multiplies by x^32 and
// reduces, hence the exponent n - 33.
struct Lanes {
  size_t bytes;
  uint64_t over_two;
  uint64_t over_one;
  explicit Lanes(size_t lane_bytes)
      : bytes(lane_bytes),
        over_two(power_of_x(static_cast<uint32_t>(16 * lane_bytes - 33))),
        over_one(power_of_x(static_cast<uint32_t>(8 * lane_bytes - 33))) {}
};

__attribute__((target("sse4.2,pclmul"))) uint64_t shifted(uint64_t crc, uint64_t power) {
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(crc)),
                                               _mm_cvtsi64_si128(static_cast<int64_t>(power)), 0);
  return _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(product)));
}

__attribute__((target("sse4.2,pclmul"))) uint64_t update_lanes(uint64_t crc, const uint8_t*& data, size_t& size,
                                                               const Lanes& lanes) {
  const size_t lane = lanes.bytes;
  while (size >= 3 * lane) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < lane; i += 8) {
      crc = _mm_crc32_u64(crc, load64(data + i));
      second = _mm_crc32_u64(second, load64(data + lane + i));
      third = _mm_crc32_u64(third, load64(data + 2 * lane + i));
    }
    crc = shifted(crc, lanes.over_two) ^ shifted(second, lanes.over_one) ^ third;
    data += 3 * lane;
    size -= 3 * lane;
  }
  return crc;
}

uint32_t crc_three_way(uint32_t seed, const void* data, size_t size) {
  static const Lanes wide(1024);
  static const Lanes narrow(128);
  const auto* next = static_cast<const uint8_t*>(data);
  uint64_t crc = ~seed;
  crc = update_lanes(crc, next, size, wide);
  crc = update_lanes(crc, next, size, narrow);
  return ~static_cast<uint32_t>(update_sse42(crc, next, size));
}

#elif defined(__aarch64__)

__attribute__((target("+crc"))) uint32_t crc_armv8(uint32_t seed, const void* data, size_t size) {
  const auto* next = static_cast<const uint8_t*>(data);
  uint32_t crc = ~seed;
  for (; size >= 8; size -= 8, next += 8) crc = __crc32cd(crc, load64(next));
  for (; size > 0; size--) crc = __crc32cb(crc, *next++);
  return ~crc;
}

#endif

}  // namespace

Crc32cFunction crc32c_of(Crc32cKind kind) {
  if (kind == Crc32cKind::kTable) return crc_table;
#if defined(__x86_64__)
  const bool has_crc = __builtin_cpu_supports("sse4.2");
  if (kind == Crc32cKind::kSse42 && has_crc) return crc_sse42;
  if (kind == Crc32cKind::kSse42ThreeWay && has_crc && __builtin_cpu_supports("pclmul")) return crc_three_way;
#elif defined(__aarch64__)
  if (kind == Crc32cKind::kArmv8 && (::getauxval(AT_HWCAP) & HWCAP_CRC32) != 0) return crc_armv8;
#endif
  return nullptr;
}

Crc32cKind crc32c_best() {
  for (const Crc32cKind kind : {Crc32cKind::kSse42ThreeWay, Crc32cKind::kArmv8, Crc32cKind::kSse42}) {
    if (crc32c_of(kind) != nullptr) return kind;
  }
  return Crc32cKind::kTable;
}

uint32_t crc32c(uint32_t seed, const void* data, size_t size) {
  static const Crc32cFunction best = crc32c_of(crc32c_best());
  return best(seed, data, size);
}

}  // namespace sluice
