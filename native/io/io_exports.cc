// What JavaScript may call of this folder, but for the socket layer: slabs,
// checksums and histograms here, files in file_exports.cc and path_exports.cc.
#include "io_exports.hh"

#include "../environment.hh"
#include "args.hh"
#include "crc32c.hh"
#include "io_jobs.hh"

namespace sluice {

namespace {

Napi::Value number(Napi::Env env, double value) { return Napi::Number::New(env, value); }

// acquireSlab(byteLength): an id, pinned once on JavaScript's account; -1 when there is no memory.
Napi::Value acquire_slab(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t size = args.size(0);
  if (!args.ok()) return info.Env().Undefined();
  SlabPool& slabs = Environment::of(info.Env()).slabs;
  const int32_t id = size > UINT32_MAX ? -1 : slabs.acquire(static_cast<uint32_t>(size));
  if (id >= 0) slabs.pins()[id] = 1;
  return number(info.Env(), id);
}

// releaseSlab(id): JavaScript's last pin is gone.
Napi::Value release_slab(const Napi::CallbackInfo& info) {
  Args args(info);
  SlabPool& slabs = Environment::of(info.Env()).slabs;
  const int32_t id = args.int32(0);
  if (args.ok() && !slabs.valid(id)) args.fail(0, "the id of a slab");
  if (args.ok()) slabs.release_if_free(id);
  return info.Env().Undefined();
}

// slabBytes(id): the slab's memory as a Buffer. Asked once for each id: V8 must not be given the same memory twice.
Napi::Value slab_bytes(const Napi::CallbackInfo& info) {
  Args args(info);
  SlabPool& slabs = Environment::of(info.Env()).slabs;
  const int32_t id = args.int32(0);
  if (args.ok() && !slabs.valid(id)) args.fail(0, "the id of a slab");
  if (!args.ok()) return info.Env().Undefined();
  const Slab& slab = slabs.at(id);
  return Napi::Buffer<uint8_t>::New(info.Env(), slab.data, slab.size);
}

// slabPins(): the pin counts, indexed by id. Asked once, as above.
Napi::Value slab_pins(const Napi::CallbackInfo& info) {
  SlabPool& slabs = Environment::of(info.Env()).slabs;
  const size_t size = SlabPool::kSlabMax * sizeof(int32_t);
  return Napi::Int32Array::New(info.Env(), SlabPool::kSlabMax, Napi::ArrayBuffer::New(info.Env(), slabs.pins(), size),
                               0);
}

Napi::Value slab_bytes_in_use(const Napi::CallbackInfo& info) {
  return number(info.Env(), static_cast<double>(Environment::of(info.Env()).slabs.bytes_in_use()));
}

Napi::Value set_slab_budget(const Napi::CallbackInfo& info) {
  Args args(info);
  const int64_t bytes = args.size(0);
  if (args.ok()) Environment::of(info.Env()).slabs.set_budget(static_cast<uint64_t>(bytes));
  return info.Env().Undefined();
}

Napi::Value set_slab_poison(const Napi::CallbackInfo& info) {
  Args args(info);
  const bool on = args.boolean(0);
  if (args.ok()) Environment::of(info.Env()).slabs.set_poison(on);
  return info.Env().Undefined();
}

// crc32c(bytes, offset, length, seed)
Napi::Value crc32c_bytes(const Napi::CallbackInfo& info) {
  Args args(info);
  const Bytes bytes = args.slice(0);
  const uint32_t seed = args.uint32(3);
  if (!args.ok()) return info.Env().Undefined();
  return number(info.Env(), crc32c(seed, bytes.data, bytes.size));
}

// crc32cWith(kind, bytes, offset, length, seed): undefined where this processor lacks the instructions.
Napi::Value crc32c_with(const Napi::CallbackInfo& info) {
  Args args(info);
  const Crc32cFunction function = crc32c_of(static_cast<Crc32cKind>(args.int32(0)));
  const Bytes bytes = args.slice(1);
  const uint32_t seed = args.uint32(4);
  if (!args.ok() || function == nullptr) return info.Env().Undefined();
  return number(info.Env(), function(seed, bytes.data, bytes.size));
}

Napi::Object latency_snapshot(Napi::Env env, const char* name, const LatencyHistogram& histogram) {
  Napi::Object row = Napi::Object::New(env);
  row.Set("syscall", name);
  row.Set("count", number(env, static_cast<double>(histogram.count())));
  row.Set("errors", number(env, static_cast<double>(histogram.errors())));
  row.Set("totalNs", number(env, static_cast<double>(histogram.total_ns())));
  row.Set("maxNs", number(env, static_cast<double>(histogram.max_ns())));
  row.Set("bytes", number(env, static_cast<double>(histogram.bytes())));
  size_t used = LatencyHistogram::kBuckets;
  while (used > 0 && histogram.bucket(used - 1) == 0) used--;
  Napi::Array buckets = Napi::Array::New(env, used);
  for (size_t i = 0; i < used; i++) {
    buckets.Set(static_cast<uint32_t>(i), number(env, static_cast<double>(histogram.bucket(i))));
  }
  row.Set("buckets", buckets);
  return row;
}

// latencies(): one object for each call made so far, buckets up to the last that is not empty.
Napi::Value latencies(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Latencies& all = Environment::of(env).latencies;
  Napi::Array rows = Napi::Array::New(env);
  for (size_t i = 0; i < static_cast<size_t>(Syscall::kCount); i++) {
    const auto syscall = static_cast<Syscall>(i);
    const LatencyHistogram& histogram = all.of(syscall);
    if (histogram.count() == 0) continue;
    rows.Set(rows.Length(), latency_snapshot(env, syscall_traits(syscall).name, histogram));
  }
  return rows;
}

// attachIo(deliver): see io_jobs.hh.
Napi::Value attach_io(const Napi::CallbackInfo& info) {
  Args args(info);
  if (!info[0].IsFunction()) args.fail(0, "a function");
  if (!args.ok()) return info.Env().Undefined();
  return Environment::of(info.Env()).jobs->attach(info[0].As<Napi::Function>());
}

// joinIo(): finishes what runs and ends the I/O threads; the next job starts them again.
Napi::Value join_io(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).threads->join();
  return info.Env().Undefined();
}

// ioState(): for tests and diagnostics.
Napi::Value io_state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment& environment = Environment::of(env);
  Napi::Object state = Napi::Object::New(env);
  state.Set("threads", number(env, environment.threads->thread_count()));
  state.Set("pendingJobs", number(env, static_cast<double>(environment.jobs->pending())));
  state.Set("openFiles", number(env, static_cast<double>(environment.files.open_count())));
  state.Set("slabs", number(env, environment.slabs.count()));
  return state;
}

}  // namespace

void register_io(Napi::Env env, Napi::Object exports) {
  exports.Set("acquireSlab", Napi::Function::New(env, acquire_slab));
  exports.Set("releaseSlab", Napi::Function::New(env, release_slab));
  exports.Set("slabBytes", Napi::Function::New(env, slab_bytes));
  exports.Set("slabPins", Napi::Function::New(env, slab_pins));
  exports.Set("slabBytesInUse", Napi::Function::New(env, slab_bytes_in_use));
  exports.Set("setSlabBudget", Napi::Function::New(env, set_slab_budget));
  exports.Set("setSlabPoison", Napi::Function::New(env, set_slab_poison));
  exports.Set("crc32c", Napi::Function::New(env, crc32c_bytes));
  exports.Set("crc32cWith", Napi::Function::New(env, crc32c_with));
  exports.Set("latencies", Napi::Function::New(env, latencies));
  exports.Set("attachIo", Napi::Function::New(env, attach_io));
  exports.Set("joinIo", Napi::Function::New(env, join_io));
  exports.Set("ioState", Napi::Function::New(env, io_state));
  register_files(env, exports);
  register_paths(env, exports);
}

}  // namespace sluice
