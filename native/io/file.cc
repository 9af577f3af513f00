#include "file.hh"

#include "io_threads.hh"

namespace sluice {

namespace {
constexpr int32_t kGenerationMask = (1 << 10) - 1;
}

FileRef make_file(const std::shared_ptr<IoThreads>& threads, UniqueFd fd, std::string path) {
  const std::weak_ptr<IoThreads> closer = threads;
  return FileRef(new File(std::move(fd), std::move(path)), [closer](File* file) {
    if (const auto alive = closer.lock()) alive->close_later(std::move(file->fd));
    delete file;
  });
}

int32_t FileTable::add(FileRef file) {
  int32_t slot;
  if (free_.empty()) {
    slot = static_cast<int32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot].file = std::move(file);
  open_++;
  return slot | (slots_[slot].generation << kSlotBits);
}

const FileRef* FileTable::find(int32_t handle) const {
  if (handle < 0) return nullptr;
  const size_t slot = handle & ((1 << kSlotBits) - 1);
  if (slot >= slots_.size()) return nullptr;
  const Slot& entry = slots_[slot];
  if (entry.generation != handle >> kSlotBits || entry.file == nullptr) return nullptr;
  return &entry.file;
}

bool FileTable::remove(int32_t handle) {
  if (find(handle) == nullptr) return false;
  const int32_t slot = handle & ((1 << kSlotBits) - 1);
  slots_[slot].file.reset();
  slots_[slot].generation = (slots_[slot].generation + 1) & kGenerationMask;
  free_.push_back(slot);
  open_--;
  return true;
}

}  // namespace sluice
