// Work that JavaScript waits for: runs on an I/O thread, settles on the loop.
//
// JavaScript names a job by a number of its own and keeps what the job needs
// (the promise's resolvers, the buffer read into). Completions are delivered in
// batches: one call of the attached function for each wake of the loop, with
// rows (job, result) in a shared array and, for the few jobs whose answer is
// more than a number, an array of payloads. A negative result is -errno.
//
// The loop stays alive while a job is pending, and no longer.
#pragma once

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "io_threads.hh"

namespace sluice {

struct Environment;

class IoJobs {
 public:
  // Any thread; touches no JavaScript. A count or a handle, or -errno.
  using Work = std::function<int64_t()>;
  // On the loop, before the completion is delivered; may change the result, and returns the payload or nullptr.
  using Settle = std::function<napi_value(Napi::Env env, int64_t& result)>;

  explicit IoJobs(Environment& environment);

  // `deliver(count, payloads)`; the array that is returned holds the rows.
  Napi::Value attach(const Napi::Function& deliver);
  // 0 or -errno; then nothing will be delivered.
  int32_t submit(Lane lane, uint32_t id, Work work, Settle settle = nullptr);
  size_t pending() const { return pending_; }

 private:
  static constexpr size_t kRows = 512;
  struct Job {
    uint32_t id;
    Work work;
    Settle settle;
    int64_t result;
  };

  void complete(std::shared_ptr<Job> job);
  void deliver_all();
  void deliver(const std::shared_ptr<Job>* jobs, size_t count);

  Environment& environment_;
  uv_async_t wake_;
  Napi::FunctionReference deliver_;
  std::unique_ptr<double[]> rows_{new double[2 * kRows]};
  size_t pending_ = 0;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Job>> done_;
};

}  // namespace sluice
