// What one Node environment (main thread or worker) owns natively. Created at
// load, found again through instance data, and destroyed by the environment's
// cleanup: I/O threads are joined and sockets closed before memory is freed.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <vector>

#include "io/file.hh"
#include "io/slab.hh"

namespace sluice {

struct Environment {
  explicit Environment(Napi::Env env_in) : env(env_in) {}
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  Napi::Env env;
  FileTable files;
  SlabPool slabs;

  // Runs before members are destroyed, last added first: where a room closes its uv handles and joins its threads.
  void at_exit(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }
  void run_exit_hooks() {
    while (!hooks_.empty()) {
      auto hook = std::move(hooks_.back());
      hooks_.pop_back();
      hook();
    }
  }

 private:
  std::vector<std::function<void()>> hooks_;
};

// One for each folder of native code; each adds its functions to the addon's exports.
void register_io(Napi::Env env, Napi::Object exports);       // io/io_exports.cc: files, slabs, crc32c, histograms
void register_sockets(Napi::Env env, Napi::Object exports);  // io/socket_exports.cc: the framed socket layer
void register_records(Napi::Env env, Napi::Object exports);  // records/record_exports.cc: the v2 batch

}  // namespace sluice
