// What JavaScript may call of this folder, but for the socket layer.
#include "../environment.hh"

namespace sluice {

void register_io(Napi::Env env, Napi::Object exports) {}

}  // namespace sluice
