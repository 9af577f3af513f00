#include "slab.hh"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace sluice {

namespace {

constexpr uint32_t kSmallestShift = 12;
constexpr uint32_t kMegabyteShift = 20;
constexpr uint32_t kMegabyte = 1u << kMegabyteShift;
// Classes 0 to 7 are 4 KiB to 512 KiB; class 7 + n is n megabytes.
constexpr uint32_t kPowerClasses = kMegabyteShift - kSmallestShift;
constexpr uint32_t kClasses = kPowerClasses + (1u << (32 - kMegabyteShift));
constexpr uint32_t kSizeMax = UINT32_MAX - kMegabyte;

// Free slabs of at least kReturnableBytes keep their pages up to kRetainedBytesMax in all; what is freed beyond gives
// its pages back to the kernel, so that a burst of large frames does not stay resident. Smaller ones are not worth the
// faults that reuse would cost.
constexpr uint32_t kReturnableBytes = 64 * 1024;
constexpr uint64_t kRetainedBytesMax = 8 * kMegabyte;

uint32_t class_of(uint32_t size) {
  if (size > kMegabyte / 2) return kPowerClasses - 1 + ((size + kMegabyte - 1) >> kMegabyteShift);
  uint32_t shift = kSmallestShift;
  while ((1u << shift) < size) shift++;
  return shift - kSmallestShift;
}

uint32_t size_of_class(uint32_t size_class) {
  if (size_class < kPowerClasses) return 1u << (kSmallestShift + size_class);
  return (size_class - kPowerClasses + 1) << kMegabyteShift;
}

uint8_t* map_pages(uint32_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
}

}  // namespace

SlabPool::SlabPool() : free_by_class_(kClasses) {
  pins_ = static_cast<int32_t*>(std::calloc(kSlabMax, sizeof(int32_t)));
  if (pins_ == nullptr) std::abort();
}

SlabPool::~SlabPool() {
  for (const Mapping& mapping : mappings_) ::munmap(mapping.data, mapping.size);
  std::free(pins_);
}

int32_t SlabPool::acquire(uint32_t size) {
  if (size > kSizeMax) return -1;
  const uint32_t size_class = class_of(size);
  auto& free_list = free_by_class_[size_class];
  if (free_list.empty() && !grow(size_class)) return -1;
  const int32_t id = free_list.back();
  free_list.pop_back();
  Slab& slab = slabs_[id];
  if (slab.retained) {
    slab.retained = false;
    retained_ -= slab.size;
  }
  slab.in_use = true;
  in_use_ += slab.size;
  return id;
}

// Slabs below a megabyte are cut from one mapping, so that a busy pool stays far from the kernel's limit on mappings.
bool SlabPool::grow(uint32_t size_class) {
  const uint32_t slab_size = size_of_class(size_class);
  const uint32_t mapping_size = slab_size < kMegabyte ? kMegabyte : slab_size;
  const int32_t room = kSlabMax - count();
  const int32_t wanted = static_cast<int32_t>(mapping_size / slab_size);
  const int32_t added = wanted < room ? wanted : room;
  if (added == 0) return false;
  uint8_t* data = map_pages(mapping_size);
  if (data == nullptr) return false;
  mappings_.push_back(Mapping{data, mapping_size});
  for (int32_t i = 0; i < added; i++) {
    Slab slab;
    slab.data = data + static_cast<size_t>(i) * slab_size;
    slab.size = slab_size;
    slabs_.push_back(slab);
  }
  // The lowest id on top: a quiet pool keeps using the same few slabs.
  for (int32_t i = 1; i <= added; i++) free_by_class_[size_class].push_back(count() - i);
  return true;
}

void SlabPool::release_if_free(int32_t id) {
  Slab& slab = slabs_[id];
  if (!slab.in_use || slab.native_pins != 0 || pins_[id] != 0) return;
  slab.in_use = false;
  in_use_ -= slab.size;
  free_by_class_[class_of(slab.size)].push_back(id);
  if (poison_) std::memset(slab.data, 0xDB, slab.size);
  if (slab.size < kReturnableBytes) return;
  if (retained_ + slab.size <= kRetainedBytesMax) {
    slab.retained = true;
    retained_ += slab.size;
  } else if (!poison_) {
    ::madvise(slab.data, slab.size, MADV_DONTNEED);
  }
}

}  // namespace sluice
