#include "environment.hh"

#include "io/io_jobs.hh"

namespace sluice {

Environment::Environment(Napi::Env env_in) : env(env_in), threads(std::make_shared<IoThreads>(latencies)) {
  napi_get_uv_event_loop(env, &loop);
  jobs = std::make_unique<IoJobs>(*this);
  napi_add_async_cleanup_hook(env, on_cleanup, this, &cleanup_);
}

Environment::~Environment() = default;

void Environment::on_cleanup(napi_async_cleanup_hook_handle, void* data) {
  auto* self = static_cast<Environment*>(data);
  self->exiting_ = true;
  while (!self->hooks_.empty()) {
    auto hook = std::move(self->hooks_.back());
    self->hooks_.pop_back();
    hook();
  }
  self->finish_if_closed();
}

void Environment::finish_if_closed() {
  if (!exiting_ || handles_closing_ != 0 || cleanup_ == nullptr) return;
  // Node holds its environment, and with it this object, until the hook is removed.
  napi_remove_async_cleanup_hook(std::exchange(cleanup_, nullptr));
}

namespace {

struct Closing {
  std::function<void()> closed;
};

}  // namespace

void Environment::close_handle(uv_handle_t* handle, std::function<void()> closed) {
  handles_closing_++;
  auto after = [this, closed = std::move(closed)]() {
    if (closed) closed();
    handles_closing_--;
    finish_if_closed();
  };
  handle->data = new Closing{std::move(after)};
  uv_close(handle, [](uv_handle_t* closing) {
    const std::unique_ptr<Closing> owner(static_cast<Closing*>(closing->data));
    owner->closed();
  });
}

bool Environment::can_run_javascript() const {
  if (exiting_) return false;
  // Any call that may enter JavaScript is refused by then; this is the cheapest.
  bool present;
  return napi_has_element(env, env.Global(), 0, &present) == napi_ok;
}

void Environment::call(const Napi::FunctionReference& function, std::initializer_list<napi_value> arguments) {
  if (!can_run_javascript()) return;
  const napi_status status = napi_make_callback(env, nullptr, env.Global(), function.Value(), arguments.size(),
                                                arguments.begin(), nullptr);
  if (status != napi_pending_exception) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  napi_value error;
  if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

}  // namespace sluice
