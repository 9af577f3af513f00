// The addon's entry: per-environment state and the export table.
#include <napi.h>

#include "environment.hh"

namespace sluice {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // Owned by the instance data, which is finalized after cleanup has run.
  env.SetInstanceData<Environment>(new Environment(env));
  register_io(env, exports);
  register_sockets(env, exports);
  register_records(env, exports);
  return exports;
}

}  // namespace
}  // namespace sluice

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return sluice::init(env, exports); }
NODE_API_MODULE(sluice, Init)
