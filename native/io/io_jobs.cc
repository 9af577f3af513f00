#include "io_jobs.hh"

#include <algorithm>

#include "../environment.hh"

namespace sluice {

IoJobs::IoJobs(Environment& environment) : environment_(environment) {
  uv_async_init(environment.loop, &wake_, [](uv_async_t* wake) { static_cast<IoJobs*>(wake->data)->deliver_all(); });
  wake_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&wake_));
  environment.at_exit([this] {
    // In this order: a thread that still ran could use the handle.
    environment_.threads->shut_down();
    environment_.close_handle(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  });
}

Napi::Value IoJobs::attach(const Napi::Function& deliver) {
  deliver_ = Napi::Persistent(deliver);
  const size_t size = 2 * kRows * sizeof(double);
  return Napi::Float64Array::New(environment_.env, 2 * kRows,
                                 Napi::ArrayBuffer::New(environment_.env, rows_.get(), size), 0);
}

int32_t IoJobs::submit(Lane lane, uint32_t id, Work work, Settle settle) {
  auto job = std::make_shared<Job>(Job{id, std::move(work), std::move(settle), 0});
  // Moved on, not copied: the last reference goes on the loop's thread.
  const int error = environment_.threads->submit(lane, [this, job = std::move(job)]() mutable {
    job->result = job->work();
    complete(std::move(job));
  });
  if (error != 0) return -error;
  if (pending_++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&wake_));
  return 0;
}

void IoJobs::complete(std::shared_ptr<Job> job) {
  bool first;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    first = done_.empty();
    done_.push_back(std::move(job));
  }
  if (first) uv_async_send(&wake_);
}

void IoJobs::deliver_all() {
  std::vector<std::shared_ptr<Job>> jobs;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    jobs.swap(done_);
  }
  pending_ -= jobs.size();
  if (pending_ == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&wake_));
  for (size_t next = 0; next < jobs.size(); next += kRows) {
    deliver(jobs.data() + next, std::min(kRows, jobs.size() - next));
  }
}

void IoJobs::deliver(const std::shared_ptr<Job>* jobs, size_t count) {
  const Napi::Env env = environment_.env;
  const Napi::HandleScope scope(env);
  if (!environment_.can_run_javascript()) return;
  napi_value payloads = env.Undefined();
  bool has_payloads = false;
  for (size_t i = 0; i < count; i++) {
    Job& job = *jobs[i];
    napi_value payload = job.settle ? job.settle(env, job.result) : nullptr;
    if (payload != nullptr) {
      if (!has_payloads) napi_create_array(env, &payloads);
      has_payloads = true;
      napi_set_element(env, payloads, static_cast<uint32_t>(i), payload);
    }
    rows_[2 * i] = job.id;
    rows_[2 * i + 1] = static_cast<double>(job.result);
  }
  environment_.call(deliver_, {Napi::Number::New(env, static_cast<double>(count)), payloads});
}

}  // namespace sluice
