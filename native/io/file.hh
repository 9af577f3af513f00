// One open file, shared by whoever still needs its descriptor: the JavaScript
// handle, I/O jobs in flight, and file regions queued on sockets. The
// descriptor closes when the last of them lets go, so a region that was
// promised to a client can never be served from a reused descriptor.
//
// A FileTable maps the small integers that JavaScript holds to files. It lives
// on the event-loop thread of its environment; File itself is immutable and
// may be used from any thread through its shared_ptr.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "unique_fd.hh"

namespace sluice {

struct File {
  File(UniqueFd fd_in, std::string path_in) : fd(std::move(fd_in)), path(std::move(path_in)) {}
  UniqueFd fd;
  const std::string path;
};

using FileRef = std::shared_ptr<const File>;

class IoThreads;

// A file whose descriptor is closed on an I/O thread, wherever its last reference goes.
FileRef make_file(const std::shared_ptr<IoThreads>& threads, UniqueFd fd, std::string path);

class FileTable {
 public:
  // A handle is slot + 2^20 * generation, so a stale handle of a reused slot finds nothing.
  int32_t add(FileRef file);
  // nullptr when the handle is not, or is no longer, open.
  const FileRef* find(int32_t handle) const;
  bool remove(int32_t handle);
  size_t open_count() const { return open_; }

 private:
  struct Slot {
    FileRef file;
    int32_t generation = 0;
  };
  static constexpr int32_t kSlotBits = 20;
  std::vector<Slot> slots_;
  std::vector<int32_t> free_;
  size_t open_ = 0;
};

}  // namespace sluice
