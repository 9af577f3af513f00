// What JavaScript may call of the batch checks. Plain Node-API instead of its
// C++ wrapper, because slabCrc32c runs once for every batch produced.
#include "../environment.hh"
#include "../io/crc32c.hh"
#include "batch.hh"

namespace sluice {

namespace {

napi_value misuse(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

bool inside(uint64_t position, uint64_t size, uint64_t total) { return position <= total && size <= total - position; }

// slabCrc32c(slabId, position, byteLength): int32. Signed, so that the result is never a heap number.
napi_value slab_crc32c(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  void* data = nullptr;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  int32_t id = -1;
  uint32_t position = 0;
  uint32_t size = 0;
  if (argc != 3 || napi_get_value_int32(env, argv[0], &id) != napi_ok ||
      napi_get_value_uint32(env, argv[1], &position) != napi_ok ||
      napi_get_value_uint32(env, argv[2], &size) != napi_ok) {
    return misuse(env, "slabCrc32c(slabId, position, byteLength) takes three integers");
  }
  SlabPool& slabs = static_cast<Environment*>(data)->slabs;
  if (!slabs.valid(id) || !inside(position, size, slabs.at(id).size)) {
    return misuse(env, "slabCrc32c: the range is not inside a slab");
  }
  napi_value result;
  napi_create_int32(env, static_cast<int32_t>(crc32c(0, slabs.at(id).data + position, size)), &result);
  return result;
}

bool typed_array(napi_env env, napi_value value, napi_typedarray_type wanted, void** data, size_t* length) {
  bool is_typed_array = false;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array) return false;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, length, data, nullptr, nullptr) != napi_ok) return false;
  return type == wanted;
}

// Layout of the parameters of walkRecords, as src/records/record-walk.ts fills them.
enum WalkParameter : size_t {
  kCount = 0,
  kKeysRequired,
  kTimestampsChecked,
  kBaseTimestamp,
  kNowMs,
  kBeforeMaxMs,
  kAfterMaxMs,
  kWalkParameters,
};

// walkRecords(bytes: Uint8Array, start, end, parameters: Float64Array, faults: Int32Array): number of faults
napi_value walk_records_export(napi_env env, napi_callback_info info) {
  size_t argc = 5;
  napi_value argv[5];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  void* bytes = nullptr;
  void* numbers = nullptr;
  void* faults = nullptr;
  size_t byte_length = 0;
  size_t number_count = 0;
  size_t fault_slots = 0;
  uint32_t start = 0;
  uint32_t end = 0;
  if (argc != 5 || !typed_array(env, argv[0], napi_uint8_array, &bytes, &byte_length) ||
      napi_get_value_uint32(env, argv[1], &start) != napi_ok || napi_get_value_uint32(env, argv[2], &end) != napi_ok ||
      !typed_array(env, argv[3], napi_float64_array, &numbers, &number_count) ||
      !typed_array(env, argv[4], napi_int32_array, &faults, &fault_slots) || number_count != kWalkParameters ||
      start > end || end > byte_length) {
    return misuse(env, "walkRecords(bytes, start, end, parameters, faults): wrong arguments");
  }
  const double* parameters = static_cast<const double*>(numbers);
  const WalkRules rules{
      static_cast<int32_t>(parameters[kCount]),
      parameters[kKeysRequired] != 0,
      parameters[kTimestampsChecked] != 0,
      static_cast<int64_t>(parameters[kBaseTimestamp]),
      parameters[kNowMs],
      parameters[kBeforeMaxMs],
      parameters[kAfterMaxMs],
  };
  const int32_t found = walk_records(static_cast<const uint8_t*>(bytes) + start, end - start, rules,
                                     static_cast<int32_t*>(faults), static_cast<int32_t>(fault_slots / 2));
  napi_value result;
  napi_create_int32(env, found, &result);
  return result;
}

void export_function(napi_env env, napi_value exports, const char* name, napi_callback callback, void* data) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function) != napi_ok) return;
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

void register_records(Napi::Env env, Napi::Object exports) {
  export_function(env, exports, "slabCrc32c", slab_crc32c, &Environment::of(env));
  export_function(env, exports, "walkRecords", walk_records_export, nullptr);
}

}  // namespace sluice
