// The threads that run whatever may sleep in the kernel. Three lanes, each with
// its own queue and its own threads, so that a slow unlink never delays an
// fdatasync and a cold read never waits behind either:
//   commit        writes and syncs
//   read          reads and read-ahead
//   housekeeping  open, close, rename, unlink, truncate, directory syncs
// Threads are started when work finds none idle, up to the lane's cap. Jobs of a
// lane start in the order they came; they may finish in any order.
//
// `submit` and `close_later` may be called from any thread, but not while `join` runs; the rest is the loop's.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "latency.hh"
#include "unique_fd.hh"

namespace sluice {

enum class Lane : uint8_t { kCommit, kRead, kHousekeeping, kCount };

class IoThreads {
 public:
  using Work = std::function<void()>;

  explicit IoThreads(Latencies& latencies);
  ~IoThreads() { shut_down(); }
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  // 0, or an errno, and `work` is dropped: EAGAIN when no thread could be started, ECANCELED after `shut_down`.
  int submit(Lane lane, Work work);

  // Closes a descriptor where it hurts nobody: closing the last reference to an unlinked file frees its blocks, which
  // takes a hundred milliseconds and more for a large one.
  void close_later(UniqueFd fd);

  // Finishes what was submitted and joins. `submit` starts threads again.
  void join();
  // For good: drops what has not started, finishes what has, and joins.
  void shut_down();

  int thread_count();

 private:
  struct LaneState {
    size_t threads_max = 1;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Work> queue;
    std::vector<pthread_t> threads;
    size_t idle = 0;
    bool stopping = false;
  };

  static void* thread_main(void* lane);
  static int start_thread(LaneState& lane);

  Latencies& latencies_;
  std::atomic<bool> shut_down_{false};
  std::array<LaneState, static_cast<size_t>(Lane::kCount)> lanes_;
};

}  // namespace sluice
