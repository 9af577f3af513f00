// Functions on open files. Those that take a job id first run on an I/O thread
// and return 0, or -errno when nothing was queued; the …Sync ones run here and
// return a count or -errno.
#include <fcntl.h>

#include <cerrno>

#include "../environment.hh"
#include "args.hh"
#include "file_calls.hh"
#include "io_exports.hh"
#include "io_jobs.hh"
#include "residency.hh"

namespace sluice {

namespace {

Napi::Value number(Napi::Env env, int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

// `call(latencies, fd)` on an I/O thread, for the job and the handle in arguments 0 and 1.
template <typename Call>
Napi::Value run_on_file(const Napi::CallbackInfo& info, Args& args, Lane lane, Call call, IoJobs::Settle settle = {}) {
  const Napi::Env env = info.Env();
  const uint32_t job = args.uint32(0);
  const int32_t handle = args.int32(1);
  if (!args.ok()) return env.Undefined();
  Environment& environment = Environment::of(env);
  const FileRef* found = environment.files.find(handle);
  if (found == nullptr) return number(env, -EBADF);
  Latencies& latencies = environment.latencies;
  auto work = [file = *found, call = std::move(call), &latencies]() mutable { return call(latencies, file->fd.get()); };
  return number(env, environment.jobs->submit(lane, job, std::move(work), std::move(settle)));
}

// Rows of (slab id, offset, length) as memory; reports a row that lies outside its slab. Empty rows are dropped.
bool rows_to_memory(Args& args, SlabPool& slabs, size_t index, std::vector<iovec>& memory) {
  const Int32s rows = args.int32s(index);
  const int64_t count = args.size(index + 1);
  if (!args.ok()) return false;
  if (count > static_cast<int64_t>(rows.count / 3)) args.fail(index + 1, "at most the number of rows");
  if (!args.ok()) return false;
  memory.clear();
  for (const int32_t* row = rows.data; row < rows.data + 3 * count; row += 3) {
    const auto offset = static_cast<uint32_t>(row[1]);
    const auto length = static_cast<uint32_t>(row[2]);
    if (!slabs.valid(row[0]) || offset > slabs.at(row[0]).size || length > slabs.at(row[0]).size - offset) {
      args.fail(index, "rows that lie inside their slabs");
      return false;
    }
    if (length > 0) memory.push_back(iovec{slabs.at(row[0]).data + offset, length});
  }
  return true;
}

// openFile(job, path, flags): delivers a handle.
Napi::Value open_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const Napi::Env env = info.Env();
  const uint32_t job = args.uint32(0);
  const std::string path = args.string(1);
  const int32_t flags = args.int32(2);
  if (!args.ok()) return env.Undefined();
  Environment& environment = Environment::of(env);
  // Owned from the moment it is open: a job dropped before it settles closes the descriptor.
  auto opened = std::make_shared<UniqueFd>();
  auto work = [&latencies = environment.latencies, path, flags, opened] {
    const int64_t fd = open_file(latencies, path, flags);
    if (fd >= 0) opened->reset(static_cast<int>(fd));
    return fd;
  };
  auto settle = [&environment, path, opened](Napi::Env, int64_t& result) -> napi_value {
    if (result >= 0) result = environment.files.add(make_file(environment.threads, std::move(*opened), path));
    return nullptr;
  };
  return number(env, environment.jobs->submit(Lane::kHousekeeping, job, work, settle));
}

// closeFile(handle): whether it was open. The descriptor closes when its last user lets go.
Napi::Value close_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const int32_t handle = args.int32(0);
  if (!args.ok()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), Environment::of(info.Env()).files.remove(handle));
}

// writeRows(job, handle, position, rows, rowCount): the slabs are pinned until it settles.
Napi::Value write_rows(const Napi::CallbackInfo& info) {
  Args args(info);
  SlabPool& slabs = Environment::of(info.Env()).slabs;
  const int64_t position = args.size(2);
  std::vector<iovec> memory;
  if (!rows_to_memory(args, slabs, 3, memory)) return info.Env().Undefined();
  const Int32s rows = args.int32s(3);
  std::vector<int32_t> pinned;
  for (int64_t i = 0; i < args.size(4); i++) pinned.push_back(rows.data[3 * i]);
  for (const int32_t id : pinned) slabs.pin(id);
  auto unpin = [&slabs, pinned](Napi::Env, int64_t&) -> napi_value {
    for (const int32_t id : pinned) slabs.unpin(id);
    return nullptr;
  };
  auto call = [position, memory = std::move(memory)](Latencies& latencies, int fd) mutable {
    return pwritev_all(latencies, fd, memory, position);
  };
  Napi::Value queued = run_on_file(info, args, Lane::kCommit, std::move(call), unpin);
  if (!args.ok() || queued.As<Napi::Number>().Int32Value() != 0) {
    for (const int32_t id : pinned) slabs.unpin(id);
  }
  return queued;
}

// writeRowsSync(handle, position, rows, rowCount)
Napi::Value write_rows_sync(const Napi::CallbackInfo& info) {
  Args args(info);
  Environment& environment = Environment::of(info.Env());
  const int32_t handle = args.int32(0);
  const int64_t position = args.size(1);
  std::vector<iovec>& memory = environment.write_rows_scratch;
  if (!rows_to_memory(args, environment.slabs, 2, memory)) return info.Env().Undefined();
  const FileRef* file = environment.files.find(handle);
  if (file == nullptr) return number(info.Env(), -EBADF);
  return number(info.Env(), pwritev_all(environment.latencies, (*file)->fd.get(), memory, position));
}

// writeBytes(job, handle, position, bytes): the caller keeps `bytes` alive and unchanged until it settles.
Napi::Value write_bytes(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t position = args.size(2);
  const Bytes bytes = args.bytes(3);
  return run_on_file(info, args, Lane::kCommit, [position, bytes](Latencies& latencies, int fd) {
    return pwrite_all(latencies, fd, bytes.data, bytes.size, position);
  });
}

// readBytes(job, handle, position, target, offset, length): the caller keeps `target` alive until it settles.
Napi::Value read_bytes(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t position = args.size(2);
  const Bytes target = args.slice(3);
  return run_on_file(info, args, Lane::kRead, [position, target](Latencies& latencies, int fd) {
    return pread_all(latencies, fd, target.data, target.size, position);
  });
}

// readBytesSync(handle, position, target, offset, length)
Napi::Value read_bytes_sync(const Napi::CallbackInfo& info) {
  Args args(info);
  Environment& environment = Environment::of(info.Env());
  const int32_t handle = args.int32(0);
  const int64_t position = args.size(1);
  const Bytes target = args.slice(2);
  if (!args.ok()) return info.Env().Undefined();
  const FileRef* file = environment.files.find(handle);
  if (file == nullptr) return number(info.Env(), -EBADF);
  return number(info.Env(),
                pread_all(environment.latencies, (*file)->fd.get(), target.data, target.size, position));
}

// readAhead(job, handle, position, length)
Napi::Value read_ahead_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t position = args.size(2);
  const int64_t length = args.size(3);
  return run_on_file(info, args, Lane::kRead, [position, length](Latencies& latencies, int fd) {
    return read_ahead(latencies, fd, position, length);
  });
}

// truncateFile(job, handle, byteLength)
Napi::Value truncate_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t length = args.size(2);
  return run_on_file(info, args, Lane::kHousekeeping,
                     [length](Latencies& latencies, int fd) { return truncate_file(latencies, fd, length); });
}

// allocateRange(job, handle, position, length, keepSize)
Napi::Value allocate_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t position = args.size(2);
  const int64_t length = args.size(3);
  const bool keep_size = args.boolean(4);
  return run_on_file(info, args, Lane::kHousekeeping, [=](Latencies& latencies, int fd) {
    return allocate_range(latencies, fd, position, length, keep_size);
  });
}

// syncFile(job, handle)
Napi::Value sync_export(const Napi::CallbackInfo& info) {
  Args args(info);
  return run_on_file(info, args, Lane::kCommit, [](Latencies& latencies, int fd) { return sync_data(latencies, fd); });
}

// startWriteback(job, handle, position, length)
Napi::Value start_writeback_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t position = args.size(2);
  const int64_t length = args.size(3);
  return run_on_file(info, args, Lane::kCommit, [position, length](Latencies& latencies, int fd) {
    return start_writeback(latencies, fd, position, length);
  });
}

// adviseRange(job, handle, position, length, advice): 0 willneed, 1 dontneed, 2 sequential, 3 random.
Napi::Value advise_export(const Napi::CallbackInfo& info) {
  static constexpr int kAdvices[] = {POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_SEQUENTIAL,
                                     POSIX_FADV_RANDOM};
  Args args(info);
  const int64_t position = args.size(2);
  const int64_t length = args.size(3);
  const uint32_t advice = args.uint32(4);
  if (args.ok() && advice > 3) args.fail(4, "one of the four advices");
  if (!args.ok()) return info.Env().Undefined();
  return run_on_file(info, args, Lane::kRead, [=](Latencies& latencies, int fd) {
    return advise_range(latencies, fd, position, length, kAdvices[advice]);
  });
}

// fileSize(job, handle)
Napi::Value size_export(const Napi::CallbackInfo& info) {
  Args args(info);
  return run_on_file(info, args, Lane::kHousekeeping,
                     [](Latencies& latencies, int fd) { return file_size(latencies, fd); });
}

// lockFile(job, handle): -EAGAIN when somebody else holds it.
Napi::Value lock_export(const Napi::CallbackInfo& info) {
  Args args(info);
  return run_on_file(info, args, Lane::kHousekeeping,
                     [](Latencies& latencies, int fd) { return lock_file(latencies, fd); });
}

// unlockFile(handle): at once, because the descriptor itself closes later.
Napi::Value unlock_export(const Napi::CallbackInfo& info) {
  Args args(info);
  Environment& environment = Environment::of(info.Env());
  const int32_t handle = args.int32(0);
  if (!args.ok()) return info.Env().Undefined();
  const FileRef* file = environment.files.find(handle);
  if (file == nullptr) return number(info.Env(), -EBADF);
  return number(info.Env(), unlock_file(environment.latencies, (*file)->fd.get()));
}

// residencySync(handle, position, length, probe): [pageBytes, pages, cached, dirty, writeback, recentlyEvicted] or -errno.
Napi::Value residency_sync(const Napi::CallbackInfo& info) {
  Args args(info);
  Environment& environment = Environment::of(info.Env());
  const Napi::Env env = info.Env();
  const int32_t handle = args.int32(0);
  const int64_t position = args.size(1);
  const int64_t length = args.size(2);
  const auto probe = static_cast<ResidencyProbe>(args.int32(3));
  if (!args.ok()) return env.Undefined();
  const FileRef* file = environment.files.find(handle);
  if (file == nullptr) return number(env, -EBADF);
  Residency found;
  const int64_t status =
      environment.residency.read(environment.latencies, (*file)->fd.get(), position, length, probe, found);
  if (status < 0) return number(env, status);
  const int64_t fields[] = {found.page_bytes, found.pages,     found.cached,
                            found.dirty,      found.writeback, found.recently_evicted};
  Napi::Array row = Napi::Array::New(env, 6);
  for (uint32_t i = 0; i < 6; i++) row.Set(i, number(env, fields[i]));
  return row;
}

}  // namespace

void register_files(Napi::Env env, Napi::Object exports) {
  exports.Set("openFile", Napi::Function::New(env, open_export));
  exports.Set("closeFile", Napi::Function::New(env, close_export));
  exports.Set("writeRows", Napi::Function::New(env, write_rows));
  exports.Set("writeRowsSync", Napi::Function::New(env, write_rows_sync));
  exports.Set("writeBytes", Napi::Function::New(env, write_bytes));
  exports.Set("readBytes", Napi::Function::New(env, read_bytes));
  exports.Set("readBytesSync", Napi::Function::New(env, read_bytes_sync));
  exports.Set("readAhead", Napi::Function::New(env, read_ahead_export));
  exports.Set("truncateFile", Napi::Function::New(env, truncate_export));
  exports.Set("allocateRange", Napi::Function::New(env, allocate_export));
  exports.Set("syncFile", Napi::Function::New(env, sync_export));
  exports.Set("startWriteback", Napi::Function::New(env, start_writeback_export));
  exports.Set("adviseRange", Napi::Function::New(env, advise_export));
  exports.Set("fileSize", Napi::Function::New(env, size_export));
  exports.Set("lockFile", Napi::Function::New(env, lock_export));
  exports.Set("unlockFile", Napi::Function::New(env, unlock_export));
  exports.Set("residencySync", Napi::Function::New(env, residency_sync));
}

}  // namespace sluice
