// The system calls on files, each timed and complete: short transfers are
// continued and EINTR is retried, so a result is the whole count or -errno.
// Nothing here knows JavaScript; everything may run on any thread.
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <vector>

#include "latency.hh"
#include "unique_fd.hh"

namespace sluice {

// A descriptor, or -errno. Always O_CLOEXEC.
int64_t open_file(Latencies& latencies, const std::string& path, int flags);

// Writes all of `rows`; on a short write goes on with the rest, which consumes `rows`. Bytes written, or -errno, and
// then some unknown part may have been written.
int64_t pwritev_all(Latencies& latencies, int fd, std::vector<iovec>& rows, int64_t position);
int64_t pwrite_all(Latencies& latencies, int fd, const uint8_t* data, size_t size, int64_t position);
// Bytes read, fewer than `size` only at the end of the file.
int64_t pread_all(Latencies& latencies, int fd, uint8_t* data, size_t size, int64_t position);
// Reads a range for the page cache's sake only.
int64_t read_ahead(Latencies& latencies, int fd, int64_t position, int64_t size);

int64_t truncate_file(Latencies& latencies, int fd, int64_t size);
// 0 as well where the file system cannot.
int64_t allocate_range(Latencies& latencies, int fd, int64_t position, int64_t size, bool keep_size);
int64_t sync_data(Latencies& latencies, int fd);
int64_t start_writeback(Latencies& latencies, int fd, int64_t position, int64_t size);
int64_t advise_range(Latencies& latencies, int fd, int64_t position, int64_t size, int advice);
int64_t file_size(Latencies& latencies, int fd);

// F_OFD_SETLK on the whole file: excludes fcntl locks of other processes, belongs to the open file and not to the
// process, so that closing some other descriptor of the same file does not drop it. -EAGAIN when somebody holds it.
int64_t lock_file(Latencies& latencies, int fd);
int64_t unlock_file(Latencies& latencies, int fd);

struct DirectoryEntry {
  std::string name;
  bool is_directory;
};

int64_t make_directory(Latencies& latencies, const std::string& path);
int64_t read_directory(Latencies& latencies, const std::string& path, std::vector<DirectoryEntry>& entries);
int64_t sync_directory(Latencies& latencies, const std::string& path);
int64_t stat_path(Latencies& latencies, const std::string& path, struct stat& result);
int64_t rename_path(Latencies& latencies, const std::string& from, const std::string& to);
int64_t unlink_path(Latencies& latencies, const std::string& path);
int64_t remove_directory(Latencies& latencies, const std::string& path);
int64_t stat_file_system(Latencies& latencies, const std::string& path, struct statvfs& result);

}  // namespace sluice
