// What JavaScript may call of the batch checks.
#include "../environment.hh"

namespace sluice {

void register_records(Napi::Env env, Napi::Object exports) {}

}  // namespace sluice
