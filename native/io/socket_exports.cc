// What JavaScript may call of the socket layer.
#include "../environment.hh"

namespace sluice {

void register_sockets(Napi::Env env, Napi::Object exports) {}

}  // namespace sluice
