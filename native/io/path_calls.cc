// The half of file_calls.hh that names files by path.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "file_calls.hh"

namespace sluice {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool entry_is_directory(DIR* directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
  // Some file systems do not tell, and what a link is depends on its target.
  struct stat status;
  return ::fstatat(::dirfd(directory), entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

int64_t make_directory(Latencies& latencies, const std::string& path) {
  return timed(latencies, Syscall::kMkdir, [&] { return ::mkdir(path.c_str(), 0755); });
}

int64_t read_directory(Latencies& latencies, const std::string& path, std::vector<DirectoryEntry>& entries) {
  return timed(latencies, Syscall::kReaddir, [&] {
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    if (directory == nullptr) return -1;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      entries.push_back(DirectoryEntry{entry->d_name, entry_is_directory(directory.get(), *entry)});
      errno = 0;
    }
    // The end and a failure look the same but for errno.
    return errno == 0 ? 0 : -1;
  });
}

int64_t sync_directory(Latencies& latencies, const std::string& path) {
  const int64_t fd = open_file(latencies, path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  const UniqueFd owner(static_cast<int>(fd));
  return timed(latencies, Syscall::kFsync, [&] { return ::fsync(owner.get()); });
}

int64_t stat_path(Latencies& latencies, const std::string& path, struct stat& result) {
  return timed(latencies, Syscall::kStat, [&] { return ::stat(path.c_str(), &result); });
}

int64_t rename_path(Latencies& latencies, const std::string& from, const std::string& to) {
  return timed(latencies, Syscall::kRename, [&] { return ::rename(from.c_str(), to.c_str()); });
}

int64_t unlink_path(Latencies& latencies, const std::string& path) {
  return timed(latencies, Syscall::kUnlink, [&] { return ::unlink(path.c_str()); });
}

int64_t remove_directory(Latencies& latencies, const std::string& path) {
  return timed(latencies, Syscall::kRmdir, [&] { return ::rmdir(path.c_str()); });
}

int64_t stat_file_system(Latencies& latencies, const std::string& path, struct statvfs& result) {
  return timed(latencies, Syscall::kStatvfs, [&] { return ::statvfs(path.c_str(), &result); });
}

}  // namespace sluice
