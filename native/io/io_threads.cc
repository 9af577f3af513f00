#include "io_threads.hh"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace sluice {

namespace {

// Syncs of distinct files share the file system's journal commits only when they are in flight together.
constexpr size_t kThreadsMax[] = {8, 4, 4};
constexpr size_t kStackBytes = 256 * 1024;

}  // namespace

IoThreads::IoThreads(Latencies& latencies) : latencies_(latencies) {
  for (size_t i = 0; i < lanes_.size(); i++) lanes_[i].threads_max = kThreadsMax[i];
}

int IoThreads::submit(Lane name, Work work) {
  if (shut_down_.load()) return ECANCELED;
  LaneState& state = lanes_[static_cast<size_t>(name)];
  const std::lock_guard<std::mutex> guard(state.mutex);
  if (state.queue.size() >= state.idle && state.threads.size() < state.threads_max) {
    const int error = start_thread(state);
    if (error != 0 && state.threads.empty()) return error;
  }
  state.queue.push_back(std::move(work));
  state.wake.notify_one();
  return 0;
}

// Called with the lane locked.
int IoThreads::start_thread(LaneState& state) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  // Signals are for the loop's thread, which knows what to do with them; the new thread inherits the mask.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = ::pthread_create(&thread, &attributes, thread_main, &state);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error == 0) {
    ::pthread_setname_np(thread, "sluice-io");
    state.threads.push_back(thread);
  }
  return error;
}

void* IoThreads::thread_main(void* argument) {
  auto& state = *static_cast<LaneState*>(argument);
  std::unique_lock<std::mutex> lock(state.mutex);
  for (;;) {
    state.idle++;
    state.wake.wait(lock, [&state] { return state.stopping || !state.queue.empty(); });
    state.idle--;
    if (state.queue.empty()) return nullptr;
    {
      const Work work = std::move(state.queue.front());
      state.queue.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

void IoThreads::close_later(UniqueFd fd) {
  // Owned by the work, so that dropping it closes too.
  auto owner = std::make_shared<UniqueFd>(std::move(fd));
  submit(Lane::kHousekeeping, [this, owner] {
    timed(latencies_, Syscall::kClose, [&owner] { return ::close(owner->release()); });
  });
}

void IoThreads::join() {
  for (LaneState& state : lanes_) {
    std::vector<pthread_t> threads;
    {
      const std::lock_guard<std::mutex> guard(state.mutex);
      state.stopping = true;
      threads.swap(state.threads);
    }
    state.wake.notify_all();
    for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
    const std::lock_guard<std::mutex> guard(state.mutex);
    state.stopping = false;
    state.idle = 0;
  }
}

void IoThreads::shut_down() {
  shut_down_.store(true);
  for (LaneState& state : lanes_) {
    std::deque<Work> dropped;
    const std::lock_guard<std::mutex> guard(state.mutex);
    dropped.swap(state.queue);
  }
  join();
}

int IoThreads::thread_count() {
  size_t count = 0;
  for (LaneState& state : lanes_) {
    const std::lock_guard<std::mutex> guard(state.mutex);
    count += state.threads.size();
  }
  return static_cast<int>(count);
}

}  // namespace sluice
