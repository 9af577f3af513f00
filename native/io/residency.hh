// What the page cache holds of a file range.
//
// cachestat(2) (Linux 6.5) answers for any range in microseconds, but counts
// pages whose read is still in flight: ask it about settled ranges only, never
// in the middle of a prefetch. Older kernels fall back to mincore(2) on a
// mapping, and where that is refused to preadv2(RWF_NOWAIT) of single bytes.
#pragma once

#include <cstdint>

#include "latency.hh"

namespace sluice {

struct Residency {
  int64_t page_bytes = 0;
  int64_t pages = 0;
  int64_t cached = 0;
  // -1 where only cachestat could tell.
  int64_t dirty = -1;
  int64_t writeback = -1;
  int64_t recently_evicted = -1;
};

// kAny takes the best that works; the others insist on one, for tests and tools.
enum class ResidencyProbe : int32_t { kAny = 0, kCachestat = 1, kMincore = 2, kNowait = 3 };

class ResidencyReader {
 public:
  // 0, or the -errno of the last probe tried. A range past the end of the file counts as absent.
  int64_t read(Latencies& latencies, int fd, int64_t position, int64_t size, ResidencyProbe probe, Residency& result);

 private:
  // False once the kernel said that it lacks the call: not asked again.
  bool has_cachestat_ = true;
  bool has_mincore_ = true;
};

}  // namespace sluice
