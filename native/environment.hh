// What one Node environment (main thread or worker) owns natively. Created at
// load, found again through instance data, and destroyed by the environment's
// cleanup: I/O threads are joined and sockets closed before memory is freed.
//
// Cleanup has two steps, because a uv handle that is still open when a worker's
// loop ends aborts the whole process (observed with worker.terminate()). First
// the exit hooks run, last added first: each joins its threads and hands its uv
// handles to `close_handle`. Then the environment keeps turning the loop until
// all of them have closed, and only then lets go of this object.
#pragma once

#include <napi.h>
#include <sys/uio.h>
#include <uv.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "io/file.hh"
#include "io/io_threads.hh"
#include "io/latency.hh"
#include "io/residency.hh"
#include "io/slab.hh"

namespace sluice {

class IoJobs;

struct Environment {
  explicit Environment(Napi::Env env_in);
  ~Environment();
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  Napi::Env env;
  uv_loop_t* loop = nullptr;
  Latencies latencies;
  // Shared, so that a file whose last reference goes late still finds out whether the threads live.
  const std::shared_ptr<IoThreads> threads;
  FileTable files;
  SlabPool slabs;
  ResidencyReader residency;
  // Reused by inline writes, so that they allocate nothing.
  std::vector<iovec> write_rows_scratch;
  std::unique_ptr<IoJobs> jobs;

  // Runs before members are destroyed, last added first: where a room closes its uv handles and joins its threads.
  // JavaScript must not be called from a hook.
  void at_exit(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }

  // uv_close. Cleanup waits for it; `closed` runs when the memory of `handle` may go. Overwrites handle->data.
  void close_handle(uv_handle_t* handle, std::function<void()> closed);

  // False once the environment is going down. Node still turns the loop then, to close handles, so a uv callback that
  // makes objects asks first.
  bool can_run_javascript() const;

  // Calls a function from a uv callback, then runs what it queued on the microtask and nextTick queues. What it throws
  // becomes an uncaught exception. Does nothing when JavaScript can no longer run. Needs a HandleScope of the caller's.
  void call(const Napi::FunctionReference& function, std::initializer_list<napi_value> arguments);

 private:
  static void on_cleanup(napi_async_cleanup_hook_handle handle, void* data);
  void finish_if_closed();

  std::vector<std::function<void()>> hooks_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  int handles_closing_ = 0;
  bool exiting_ = false;
};

// One for each folder of native code; each adds its functions to the addon's exports.
void register_io(Napi::Env env, Napi::Object exports);       // io/io_exports.cc: files, slabs, crc32c, histograms
void register_sockets(Napi::Env env, Napi::Object exports);  // io/socket_exports.cc: the framed socket layer
void register_records(Napi::Env env, Napi::Object exports);  // records/record_exports.cc: the v2 batch

}  // namespace sluice
