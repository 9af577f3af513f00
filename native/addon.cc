// The addon's entry: per-environment state and the export table.
#include <napi.h>

#include "environment.hh"

namespace sluice {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);
  // Instance data is finalized after cleanup hooks have run, so hooks may still use it.
  env.SetInstanceData<Environment>(environment);
  env.AddCleanupHook([environment]() { environment->run_exit_hooks(); });
  register_io(env, exports);
  register_sockets(env, exports);
  register_records(env, exports);
  return exports;
}

}  // namespace
}  // namespace sluice

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return sluice::init(env, exports); }
NODE_API_MODULE(sluice, Init)
