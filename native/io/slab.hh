// Slabs: the memory that frames are received into and that files are written
// from. A pool hands them out by size class and takes them back; JavaScript
// sees each slab once, as an external ArrayBuffer, and from then on names it by
// its id, so that a frame is (slab, offset, length): three integers.
//
// Pins. A slab is free when nobody pins it. JavaScript's pins are counted in a
// shared Int32Array indexed by slab id (`pins()[id]`), which JavaScript changes
// without a call; native pins (`native_pins`) cover frames still being received
// and writes in flight. Whoever drops the last JavaScript pin calls
// `release_if_free(id)`. All on the event-loop thread.
//
// Slab memory is never unmapped while the environment lives (JavaScript may
// hold the ArrayBuffer); it is reused. Above `budget` bytes in use, allocation
// still succeeds, but `over_budget()` tells the socket layer to stop reading
// from producing connections.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice {

struct Slab {
  uint8_t* data = nullptr;
  uint32_t size = 0;
  int32_t native_pins = 0;
  bool in_use = false;
  // Free, and counted among the free bytes that keep their pages.
  bool retained = false;
};

class SlabPool {
 public:
  // Ids are below kSlabMax; the pin table is allocated once at that size, so it never moves.
  static constexpr int32_t kSlabMax = 1 << 16;

  SlabPool();
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  // The id of a slab of at least `size` bytes, in use and unpinned; -1 when memory or ids are exhausted.
  // Sizes are powers of two from 4 KiB; large ones are rounded up to whole megabytes.
  int32_t acquire(uint32_t size);
  Slab& at(int32_t id) { return slabs_[id]; }
  bool valid(int32_t id) const { return id >= 0 && id < static_cast<int32_t>(slabs_.size()); }
  int32_t count() const { return static_cast<int32_t>(slabs_.size()); }
  int32_t* pins() { return pins_; }

  void pin(int32_t id) { slabs_[id].native_pins++; }
  void unpin(int32_t id) {
    slabs_[id].native_pins--;
    release_if_free(id);
  }
  void release_if_free(int32_t id);

  void set_budget(uint64_t bytes) { budget_ = bytes; }
  uint64_t bytes_in_use() const { return in_use_; }
  bool over_budget() const { return in_use_ > budget_; }
  // Poison released slabs (0xDB), so that a use after release shows in tests.
  void set_poison(bool on) { poison_ = on; }

 private:
  struct Mapping {
    uint8_t* data;
    uint32_t size;
  };
  bool grow(uint32_t size_class);

  std::vector<Slab> slabs_;
  std::vector<Mapping> mappings_;
  std::vector<std::vector<int32_t>> free_by_class_;
  int32_t* pins_;
  uint64_t budget_ = UINT64_MAX;
  uint64_t in_use_ = 0;
  uint64_t retained_ = 0;
  bool poison_ = false;
};

}  // namespace sluice
