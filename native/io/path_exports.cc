// Functions that name files by path; all run on an I/O thread, job id first.
#include "../environment.hh"
#include "args.hh"
#include "file_calls.hh"
#include "io_exports.hh"
#include "io_jobs.hh"

namespace sluice {

namespace {

Napi::Value number(Napi::Env env, double value) { return Napi::Number::New(env, value); }

template <typename Work>
Napi::Value run(const Napi::CallbackInfo& info, Args& args, Work work, IoJobs::Settle settle = {}) {
  const uint32_t job = args.uint32(0);
  if (!args.ok()) return info.Env().Undefined();
  Environment& environment = Environment::of(info.Env());
  auto bound = [work = std::move(work), &latencies = environment.latencies] { return work(latencies); };
  return number(info.Env(), environment.jobs->submit(Lane::kHousekeeping, job, std::move(bound), std::move(settle)));
}

// The calls that take one path and answer with nothing.
template <int64_t (*call)(Latencies&, const std::string&)>
Napi::Value run_on_path(const Napi::CallbackInfo& info) {
  Args args(info);
  return run(info, args, [path = args.string(1)](Latencies& latencies) { return call(latencies, path); });
}

// renamePath(job, from, to)
Napi::Value rename_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::string from = args.string(1);
  const std::string to = args.string(2);
  return run(info, args, [from, to](Latencies& latencies) { return rename_path(latencies, from, to); });
}

// readDirectory(job, path): delivers [name, isDirectory, name, isDirectory, …].
Napi::Value read_directory_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::string path = args.string(1);
  auto entries = std::make_shared<std::vector<DirectoryEntry>>();
  auto work = [path, entries](Latencies& latencies) { return read_directory(latencies, path, *entries); };
  auto settle = [entries](Napi::Env env, int64_t& result) -> napi_value {
    if (result < 0) return nullptr;
    Napi::Array names = Napi::Array::New(env, 2 * entries->size());
    uint32_t next = 0;
    for (const DirectoryEntry& entry : *entries) {
      names.Set(next++, Napi::String::New(env, entry.name));
      names.Set(next++, Napi::Boolean::New(env, entry.is_directory));
    }
    return names;
  };
  return run(info, args, work, settle);
}

// statPath(job, path): delivers [size, modified in ms, 1 for a directory].
Napi::Value stat_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::string path = args.string(1);
  auto status = std::make_shared<struct stat>();
  auto work = [path, status](Latencies& latencies) { return stat_path(latencies, path, *status); };
  auto settle = [status](Napi::Env env, int64_t& result) -> napi_value {
    if (result < 0) return nullptr;
    const double modified_ms = static_cast<double>(status->st_mtim.tv_sec) * 1e3 +
                               static_cast<double>(status->st_mtim.tv_nsec) / 1e6;
    Napi::Array fields = Napi::Array::New(env, 3);
    fields.Set(0u, number(env, static_cast<double>(status->st_size)));
    fields.Set(1u, number(env, modified_ms));
    fields.Set(2u, number(env, S_ISDIR(status->st_mode) ? 1 : 0));
    return fields;
  };
  return run(info, args, work, settle);
}

// statFileSystem(job, path): delivers [free bytes for us, total bytes].
Napi::Value stat_file_system_export(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::string path = args.string(1);
  auto status = std::make_shared<struct statvfs>();
  auto work = [path, status](Latencies& latencies) { return stat_file_system(latencies, path, *status); };
  auto settle = [status](Napi::Env env, int64_t& result) -> napi_value {
    if (result < 0) return nullptr;
    const auto block = static_cast<double>(status->f_frsize);
    Napi::Array fields = Napi::Array::New(env, 2);
    fields.Set(0u, number(env, block * static_cast<double>(status->f_bavail)));
    fields.Set(1u, number(env, block * static_cast<double>(status->f_blocks)));
    return fields;
  };
  return run(info, args, work, settle);
}

}  // namespace

void register_paths(Napi::Env env, Napi::Object exports) {
  exports.Set("makeDirectory", Napi::Function::New(env, run_on_path<make_directory>));
  exports.Set("syncDirectory", Napi::Function::New(env, run_on_path<sync_directory>));
  exports.Set("unlinkPath", Napi::Function::New(env, run_on_path<unlink_path>));
  exports.Set("removeDirectory", Napi::Function::New(env, run_on_path<remove_directory>));
  exports.Set("renamePath", Napi::Function::New(env, rename_export));
  exports.Set("readDirectory", Napi::Function::New(env, read_directory_export));
  exports.Set("statPath", Napi::Function::New(env, stat_export));
  exports.Set("statFileSystem", Napi::Function::New(env, stat_file_system_export));
}

}  // namespace sluice
