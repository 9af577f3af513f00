#include "file_calls.hh"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

namespace sluice {

namespace {

constexpr size_t kReadAheadChunk = 256 * 1024;

template <typename Call>
int64_t retried(Latencies& latencies, Syscall syscall, Call call) {
  int64_t result;
  do {
    result = timed(latencies, syscall, call);
  } while (result == -EINTR);
  return result;
}

// Drops the first `written` bytes of rows[first...] and returns the first row that is left.
size_t skip_written(std::vector<iovec>& rows, size_t first, size_t written) {
  while (first < rows.size() && written >= rows[first].iov_len) {
    written -= rows[first].iov_len;
    first++;
  }
  if (written > 0) {
    rows[first].iov_base = static_cast<uint8_t*>(rows[first].iov_base) + written;
    rows[first].iov_len -= written;
  }
  return first;
}

}  // namespace

int64_t open_file(Latencies& latencies, const std::string& path, int flags) {
  return retried(latencies, Syscall::kOpen, [&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
}

int64_t pwritev_all(Latencies& latencies, int fd, std::vector<iovec>& rows, int64_t position) {
  int64_t total = 0;
  size_t next = skip_written(rows, 0, 0);
  while (next < rows.size()) {
    const int count = static_cast<int>(std::min<size_t>(rows.size() - next, IOV_MAX));
    const int64_t written = retried(latencies, Syscall::kPwritev,
                                    [&] { return ::pwritev(fd, rows.data() + next, count, position + total); });
    if (written < 0) return written;
    // Not defined for a file; going round again might never end.
    if (written == 0) return -EIO;
    total += written;
    next = skip_written(rows, next, static_cast<size_t>(written));
  }
  return total;
}

int64_t pwrite_all(Latencies& latencies, int fd, const uint8_t* data, size_t size, int64_t position) {
  size_t total = 0;
  while (total < size) {
    const int64_t written = retried(latencies, Syscall::kPwrite, [&] {
      return ::pwrite(fd, data + total, size - total, position + static_cast<int64_t>(total));
    });
    if (written < 0) return written;
    if (written == 0) return -EIO;
    total += static_cast<size_t>(written);
  }
  return static_cast<int64_t>(total);
}

int64_t pread_all(Latencies& latencies, int fd, uint8_t* data, size_t size, int64_t position) {
  size_t total = 0;
  while (total < size) {
    const int64_t count = retried(latencies, Syscall::kPread, [&] {
      return ::pread(fd, data + total, size - total, position + static_cast<int64_t>(total));
    });
    if (count < 0) return count;
    if (count == 0) break;
    total += static_cast<size_t>(count);
  }
  return static_cast<int64_t>(total);
}

int64_t read_ahead(Latencies& latencies, int fd, int64_t position, int64_t size) {
  // readahead(2) and POSIX_FADV_WILLNEED only start the reads; reading is what waits for them.
  const std::unique_ptr<uint8_t[]> scratch(new uint8_t[kReadAheadChunk]);
  int64_t total = 0;
  while (total < size) {
    const size_t chunk = static_cast<size_t>(std::min<int64_t>(kReadAheadChunk, size - total));
    const int64_t count = pread_all(latencies, fd, scratch.get(), chunk, position + total);
    if (count < 0) return count;
    total += count;
    if (static_cast<size_t>(count) < chunk) break;
  }
  return total;
}

int64_t truncate_file(Latencies& latencies, int fd, int64_t size) {
  return retried(latencies, Syscall::kFtruncate, [&] { return ::ftruncate(fd, size); });
}

int64_t allocate_range(Latencies& latencies, int fd, int64_t position, int64_t size, bool keep_size) {
  const int mode = keep_size ? FALLOC_FL_KEEP_SIZE : 0;
  const int64_t result =
      retried(latencies, Syscall::kFallocate, [&] { return ::fallocate(fd, mode, position, size); });
  return result == -EOPNOTSUPP || result == -ENOSYS ? 0 : result;
}

int64_t sync_data(Latencies& latencies, int fd) {
  // Not retried, whatever it answers: the kernel reports a lost write once.
  return timed(latencies, Syscall::kFdatasync, [&] { return ::fdatasync(fd); });
}

int64_t start_writeback(Latencies& latencies, int fd, int64_t position, int64_t size) {
  const int64_t result = timed(latencies, Syscall::kSyncFileRange,
                               [&] { return ::sync_file_range(fd, position, size, SYNC_FILE_RANGE_WRITE); });
  return result == -ENOSYS ? 0 : result;
}

int64_t advise_range(Latencies& latencies, int fd, int64_t position, int64_t size, int advice) {
  return timed(latencies, Syscall::kFadvise, [&] {
    // The one call here that returns its error instead of setting errno.
    const int error = ::posix_fadvise(fd, position, size, advice);
    errno = error;
    return error == 0 ? 0 : -1;
  });
}

int64_t file_size(Latencies& latencies, int fd) {
  struct stat status;
  const int64_t result = timed(latencies, Syscall::kFstat, [&] { return ::fstat(fd, &status); });
  return result < 0 ? result : static_cast<int64_t>(status.st_size);
}

namespace {

int64_t set_lock(Latencies& latencies, int fd, short type) {
  struct flock whole = {};
  whole.l_type = type;
  whole.l_whence = SEEK_SET;
  const int64_t result = retried(latencies, Syscall::kFcntl, [&] { return ::fcntl(fd, F_OFD_SETLK, &whole); });
  // POSIX allows both for "held by another".
  return result == -EACCES ? -EAGAIN : result;
}

}  // namespace

int64_t lock_file(Latencies& latencies, int fd) { return set_lock(latencies, fd, F_WRLCK); }
int64_t unlock_file(Latencies& latencies, int fd) { return set_lock(latencies, fd, F_UNLCK); }

}  // namespace sluice
