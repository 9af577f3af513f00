// The parts of io_exports.cc, one for each file that adds functions.
#pragma once

#include <napi.h>

namespace sluice {

void register_files(Napi::Env env, Napi::Object exports);  // file_exports.cc
void register_paths(Napi::Env env, Napi::Object exports);  // path_exports.cc

}  // namespace sluice
