#include "residency.hh"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace sluice {

namespace {

// The same number on every architecture; older headers do not name it.
constexpr long kCachestatNumber = 451;
// RWF_NOWAIT looks at one page a call.
constexpr int64_t kNowaitProbesMax = 16;

struct CachestatRange {
  uint64_t offset;
  uint64_t length;
};

struct CachestatCounts {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

int64_t with_cachestat(Latencies& latencies, int fd, int64_t position, int64_t size, Residency& result) {
  CachestatRange range = {static_cast<uint64_t>(position), static_cast<uint64_t>(size)};
  CachestatCounts counts = {};
  const int64_t status = timed(latencies, Syscall::kCachestat,
                               [&] { return ::syscall(kCachestatNumber, fd, &range, &counts, 0); });
  if (status < 0) return status;
  result.cached = static_cast<int64_t>(counts.cached);
  result.dirty = static_cast<int64_t>(counts.dirty);
  result.writeback = static_cast<int64_t>(counts.writeback);
  result.recently_evicted = static_cast<int64_t>(counts.recently_evicted);
  return 0;
}

int64_t with_mincore(Latencies& latencies, int fd, int64_t position, int64_t size, Residency& result) {
  const int64_t start = position - position % result.page_bytes;
  const size_t length = static_cast<size_t>(result.pages * result.page_bytes);
  std::vector<unsigned char> resident(static_cast<size_t>(result.pages));
  const int64_t status = timed(latencies, Syscall::kMincore, [&]() -> int64_t {
    void* mapped = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, start);
    if (mapped == MAP_FAILED) return -1;
    const int answer = ::mincore(mapped, length, resident.data());
    const int error = errno;
    ::munmap(mapped, length);
    errno = error;
    return answer;
  });
  if (status < 0) return status;
  result.cached = std::count_if(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1) != 0; });
  return 0;
}

// All or nothing: `cached` is every page when each one looked at is there, else none.
int64_t with_nowait(Latencies& latencies, int fd, int64_t position, Residency& result) {
  const int64_t probes = std::min(result.pages, kNowaitProbesMax);
  for (int64_t i = 0; i < probes; i++) {
    const int64_t page = probes == 1 ? 0 : i * (result.pages - 1) / (probes - 1);
    const int64_t at = std::max(position, (position / result.page_bytes + page) * result.page_bytes);
    uint8_t byte;
    iovec target = {&byte, 1};
    const int64_t status =
        timed(latencies, Syscall::kPreadv2, [&] { return ::preadv2(fd, &target, 1, at, RWF_NOWAIT); });
    if (status == -EAGAIN || status == 0) {
      result.cached = 0;
      return 0;
    }
    if (status < 0) return status;
  }
  result.cached = result.pages;
  return 0;
}

}  // namespace

int64_t ResidencyReader::read(Latencies& latencies, int fd, int64_t position, int64_t size, ResidencyProbe probe,
                              Residency& result) {
  static const int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
  result = Residency();
  result.page_bytes = page_bytes;
  if (size <= 0) return 0;
  result.pages = (position + size - 1) / page_bytes - position / page_bytes + 1;
  const bool any = probe == ResidencyProbe::kAny;
  if (probe == ResidencyProbe::kCachestat || (any && has_cachestat_)) {
    const int64_t status = with_cachestat(latencies, fd, position, size, result);
    if (!any || status == 0) return status;
    if (status == -ENOSYS) has_cachestat_ = false;
  }
  if (probe == ResidencyProbe::kMincore || (any && has_mincore_)) {
    const int64_t status = with_mincore(latencies, fd, position, size, result);
    if (!any || status == 0) return status;
    if (status == -ENOSYS) has_mincore_ = false;
  }
  return with_nowait(latencies, fd, position, result);
}

}  // namespace sluice
