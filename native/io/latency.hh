// How long every system call took: one histogram for each call by name, always
// on. Buckets are log-linear: eight to each power of two nanoseconds, so a
// quantile read from them is at most 12.5 % off; from 2^36 ns (69 s) on
// everything falls into the last.
//
// Any thread may record; counters are relaxed atomics, so a snapshot taken while
// calls are running may miss the last of them, never double them.
#pragma once

#include <time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace sluice {

enum class Syscall : uint8_t {
  // Files
  kOpen, kClose, kPwritev, kPwrite, kPread, kFtruncate, kFallocate, kFdatasync, kFsync, kSyncFileRange, kFadvise,
  kCachestat, kMincore, kPreadv2, kFcntl, kFstat, kMkdir, kReaddir, kStat, kRename, kUnlink, kRmdir, kStatvfs,
  // Sockets
  kSendfile, kSendmsg, kRecvmsg, kRead, kReadv, kWrite, kAccept4, kEpollWait,
  kCount,
};

struct SyscallTraits {
  const char* name;
  // The return value counts bytes.
  bool moves_bytes;
};

const SyscallTraits& syscall_traits(Syscall syscall);

inline uint64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

class LatencyHistogram {
 public:
  static constexpr int kSubBits = 3;
  static constexpr int kTopBit = 36;
  // Values below 8 have a bucket each; then eight for every power of two up to 2^36.
  static constexpr size_t kBuckets = ((kTopBit - kSubBits) << kSubBits) + (1u << kSubBits);

  void record(uint64_t ns, uint64_t bytes, bool failed) {
    count_.fetch_add(1, std::memory_order_relaxed);
    total_ns_.fetch_add(ns, std::memory_order_relaxed);
    buckets_[bucket_of(ns)].fetch_add(1, std::memory_order_relaxed);
    if (bytes != 0) bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (failed) errors_.fetch_add(1, std::memory_order_relaxed);
    uint64_t max = max_ns_.load(std::memory_order_relaxed);
    while (ns > max && !max_ns_.compare_exchange_weak(max, ns, std::memory_order_relaxed)) {
    }
  }

  static size_t bucket_of(uint64_t ns) {
    if (ns < (1u << kSubBits)) return ns;
    if (ns >> kTopBit != 0) return kBuckets - 1;
    const int shift = 63 - __builtin_clzll(ns) - kSubBits;
    return (static_cast<size_t>(shift) << kSubBits) + (ns >> shift);
  }

  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }
  uint64_t total_ns() const { return total_ns_.load(std::memory_order_relaxed); }
  uint64_t max_ns() const { return max_ns_.load(std::memory_order_relaxed); }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t bucket(size_t index) const { return buckets_[index].load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> count_{0};
  std::atomic<uint64_t> errors_{0};
  std::atomic<uint64_t> total_ns_{0};
  std::atomic<uint64_t> max_ns_{0};
  std::atomic<uint64_t> bytes_{0};
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
};

class Latencies {
 public:
  LatencyHistogram& of(Syscall syscall) { return histograms_[static_cast<size_t>(syscall)]; }

 private:
  std::array<LatencyHistogram, static_cast<size_t>(Syscall::kCount)> histograms_;
};

// EAGAIN is how a non-blocking descriptor says "later": a call, not a failed one.
inline bool counts_as_error(int error) { return error != 0 && error != EAGAIN; }

// Runs one system call that answers -1 and errno, records it, and returns its result or -errno.
template <typename Call>
int64_t timed(Latencies& latencies, Syscall syscall, Call call) {
  const uint64_t start = monotonic_ns();
  const int64_t result = call();
  const int error = result < 0 ? errno : 0;
  const uint64_t bytes = result > 0 && syscall_traits(syscall).moves_bytes ? static_cast<uint64_t>(result) : 0;
  latencies.of(syscall).record(monotonic_ns() - start, bytes, counts_as_error(error));
  return error != 0 ? -static_cast<int64_t>(error) : result;
}

}  // namespace sluice
