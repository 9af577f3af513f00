// CRC-32C (Castagnoli), the checksum of Kafka's record batches and of iSCSI.
// The fastest implementation that this processor has is chosen at the first
// call; all give the same result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// `seed` is the checksum of what precedes, 0 for nothing, so that pieces can be chained.
uint32_t crc32c(uint32_t seed, const void* data, size_t size);

enum class Crc32cKind : int32_t { kTable = 0, kSse42 = 1, kSse42ThreeWay = 2, kArmv8 = 3 };

using Crc32cFunction = uint32_t (*)(uint32_t seed, const void* data, size_t size);

// nullptr where this processor lacks the instructions.
Crc32cFunction crc32c_of(Crc32cKind kind);
Crc32cKind crc32c_best();

}  // namespace sluice
