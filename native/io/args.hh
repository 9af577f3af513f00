// Argument checks of exported functions. JavaScript has validated what users
// say; this rechecks types and ranges, so that a programmer's error becomes a
// TypeError before anything is queued, never a wild pointer.
//
// Read everything, then ask `ok()` once: the first failure has been thrown.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace sluice {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

struct Int32s {
  int32_t* data = nullptr;
  size_t count = 0;
};

class Args {
 public:
  explicit Args(const Napi::CallbackInfo& info) : info_(info) {}

  bool ok() const { return ok_; }

  int32_t int32(size_t index) {
    int32_t value = 0;
    if (napi_get_value_int32(info_.Env(), info_[index], &value) != napi_ok) fail(index, "a number");
    return value;
  }

  uint32_t uint32(size_t index) {
    uint32_t value = 0;
    if (napi_get_value_uint32(info_.Env(), info_[index], &value) != napi_ok) fail(index, "a number");
    return value;
  }

  // A byte position or count: a whole number that a double can tell from its neighbours.
  int64_t size(size_t index) {
    double value = -1;
    const napi_status status = napi_get_value_double(info_.Env(), info_[index], &value);
    if (status != napi_ok || !(value >= 0 && value <= 9007199254740991.0) || std::floor(value) != value) {
      fail(index, "a non-negative safe integer");
      return 0;
    }
    return static_cast<int64_t>(value);
  }

  bool boolean(size_t index) {
    bool value = false;
    if (napi_get_value_bool(info_.Env(), info_[index], &value) != napi_ok) fail(index, "a boolean");
    return value;
  }

  std::string string(size_t index) {
    if (!info_[index].IsString()) {
      fail(index, "a string");
      return std::string();
    }
    std::string value = info_[index].As<Napi::String>().Utf8Value();
    // The kernel would stop at the zero and act on another file.
    if (value.find('\0') != std::string::npos) fail(index, "a string without zero bytes");
    return value;
  }

  Bytes bytes(size_t index) {
    Bytes value;
    value.data = static_cast<uint8_t*>(typed_array(index, napi_uint8_array, value.size));
    return value;
  }

  // The part [offset, offset + length) of a Uint8Array, in three arguments.
  Bytes slice(size_t index) {
    const Bytes whole = bytes(index);
    const int64_t offset = size(index + 1);
    const int64_t length = size(index + 2);
    if (!ok_) return Bytes();
    const auto total = static_cast<int64_t>(whole.size);
    if (offset > total || length > total - offset) {
      fail(index, "large enough for the offset and length that follow");
      return Bytes();
    }
    return Bytes{whole.data + offset, static_cast<size_t>(length)};
  }

  Int32s int32s(size_t index) {
    Int32s value;
    value.data = static_cast<int32_t*>(typed_array(index, napi_int32_array, value.count));
    return value;
  }

  void fail(size_t index, const char* expected) {
    if (!ok_) return;
    ok_ = false;
    const std::string message = "argument " + std::to_string(index) + " must be " + expected;
    Napi::TypeError::New(info_.Env(), message).ThrowAsJavaScriptException();
  }

 private:
  void* typed_array(size_t index, napi_typedarray_type expected, size_t& length) {
    napi_typedarray_type type;
    void* data = nullptr;
    const napi_status status =
        napi_get_typedarray_info(info_.Env(), info_[index], &type, &length, &data, nullptr, nullptr);
    if (status == napi_ok && type == expected) return data;
    length = 0;
    fail(index, expected == napi_uint8_array ? "a Uint8Array" : "an Int32Array");
    return nullptr;
  }

  const Napi::CallbackInfo& info_;
  bool ok_ = true;
};

}  // namespace sluice
