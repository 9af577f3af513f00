#include "socket_layer.hh"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice {

namespace {

constexpr uint64_t kSweepMsMin = 20;
constexpr uint64_t kSweepMsMax = 1000;
constexpr uint64_t kLingerMs = 2000;

template <typename Handle>
uv_handle_t* base(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

SocketLayer::SocketLayer(Environment& environment, SocketLimits limits)
    : environment_(environment),
      limits_(std::move(limits)),
      state_(static_cast<SocketState*>(std::calloc(1, sizeof(SocketState)))) {
  if (state_ == nullptr) std::abort();
}

int SocketLayer::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return -errno;
  reserve_.reset(fcntl(epoll_.get(), F_DUPFD_CLOEXEC, 0));
  const int status = uv_poll_init(environment_.loop, &poll_, epoll_.get());
  if (status != 0) return status;
  uv_idle_init(environment_.loop, &idle_);
  uv_prepare_init(environment_.loop, &prepare_);
  uv_timer_init(environment_.loop, &sweep_timer_);
  poll_.data = idle_.data = prepare_.data = sweep_timer_.data = this;
  uv_unref(base(&prepare_));
  uv_unref(base(&sweep_timer_));
  open_ = true;
  std::weak_ptr<SocketLayer> weak = weak_from_this();
  environment_.at_exit([weak] {
    if (auto self = weak.lock()) self->close();
  });
  return 0;
}

void SocketLayer::start(std::function<void(size_t)> deliver) {
  if (!open_ || started_) return;
  deliver_ = std::move(deliver);
  started_ = true;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<SocketLayer*>(poll->data)->turn(); });
  const uint64_t shortest = std::min({limits_.header_deadline_ms, limits_.body_deadline_ms, limits_.idle_ms,
                                      limits_.output_stall_ms});
  const uint64_t period = std::clamp(shortest / 4, kSweepMsMin, kSweepMsMax);
  auto look = [](uv_timer_t* timer) { static_cast<SocketLayer*>(timer->data)->sweep(); };
  uv_timer_start(&sweep_timer_, look, period, period);
  update_idle();
}

void SocketLayer::stop_listening() {
  for (Listener& listener : listeners_) {
    listener.fd.reset(-1);
    listener.pending = false;
  }
}

void SocketLayer::close_connections() {
  for (auto& connection : connections_) {
    if (connection != nullptr) close_connection(*connection, Reason::kLocal, 0);
  }
}

void SocketLayer::close() {
  if (!open_) return;
  open_ = false;
  started_ = false;
  deliver_ = nullptr;
  close_connections();
  for (const int32_t id : turn_slabs_) environment_.slabs.unpin(id);
  turn_slabs_.clear();
  if (arena_slab_ >= 0) environment_.slabs.unpin(arena_slab_);
  arena_slab_ = -1;
  listeners_.clear();
  // The epoll descriptor closes after libuv has let go of it; `self` lives until then.
  auto self = shared_from_this();
  environment_.close_handle(base(&idle_), [self] {});
  environment_.close_handle(base(&prepare_), [self] {});
  environment_.close_handle(base(&sweep_timer_), [self] {});
  environment_.close_handle(base(&poll_), [self] {
    self->epoll_.reset(-1);
    self->reserve_.reset(-1);
  });
}

Connection* SocketLayer::find(int32_t id) {
  const auto slot = static_cast<size_t>(id & SocketState::kSlotMask);
  if (id <= 0 || slot >= connections_.size()) return nullptr;
  Connection* connection = connections_[slot].get();
  return connection != nullptr && connection->id == id ? connection : nullptr;
}

void SocketLayer::turn() {
  if (in_turn_ || !started_) return;
  // JavaScript may close this layer from within.
  const auto self = shared_from_this();
  in_turn_ = true;
  flushed_ = false;
  counters_.turns++;
  take_edges();
  accept_pending();
  receive_queued();
  deliver_rows();
  if (!flushed_ && started_) flush_queued();
  release_turn_slabs();
  in_turn_ = false;
  if (!started_) return;
  watch_budget();
  update_idle();
}

void SocketLayer::deliver_rows() {
  const auto deliver = deliver_;
  size_t next = 0;
  while (started_ && (wake_ || next < pending_rows_.size())) {
    wake_ = false;
    const size_t count = std::min(SocketState::kRows, pending_rows_.size() - next);
    if (count > 0) memcpy(state_->rows, pending_rows_.data() + next, count * sizeof(Row));
    next += count;
    const size_t known = pending_rows_.size();
    deliver(count);
    // Rows that came up meanwhile (a connection closed by JavaScript) have a turn of their own.
    if (next == known) break;
  }
  pending_rows_.erase(pending_rows_.begin(), pending_rows_.begin() + static_cast<ptrdiff_t>(next));
  if (pending_rows_.empty()) failures_.clear();
}

void SocketLayer::push_row(RowKind kind, int32_t connection, int32_t a, int32_t b, int32_t c) {
  pending_rows_.push_back(Row{{static_cast<int32_t>(kind), connection, a, b, c}});
}

void SocketLayer::wake() {
  wake_ = true;
  if (!in_turn_) update_idle();
}

// Work that no edge will announce: leftovers of the caps, rows for JavaScript, listeners not yet looked at.
void SocketLayer::update_idle() {
  if (!open_) return;
  bool needed = wake_ || !read_queue_.empty() || !fresh_queue_.empty() || !waiting_queue_.empty() ||
                !pending_rows_.empty();
  for (const Listener& listener : listeners_) needed = needed || listener.pending;
  needed = needed && started_;
  if (needed == idle_active_) return;
  idle_active_ = needed;
  if (needed) uv_idle_start(&idle_, [](uv_idle_t* idle) { static_cast<SocketLayer*>(idle->data)->turn(); });
  else uv_idle_stop(&idle_);
}

// Slabs are released by JavaScript, in some callback of the loop; before the loop sleeps again, this looks.
void SocketLayer::watch_budget() {
  if (stalled_.empty() || uv_is_active(base(&prepare_))) return;
  uv_prepare_start(&prepare_, [](uv_prepare_t* prepare) { static_cast<SocketLayer*>(prepare->data)->look_at_budget(); });
}

void SocketLayer::look_at_budget() {
  if (environment_.slabs.over_budget()) return;
  uv_prepare_stop(&prepare_);
  std::vector<int32_t> waiting;
  waiting.swap(stalled_);
  for (const int32_t id : waiting) {
    Connection* connection = find(id);
    if (connection != nullptr) resume(*connection);
  }
  turn();
}

void SocketLayer::sweep() {
  const uint64_t time = now();
  for (auto& connection : connections_) {
    Reason reason;
    if (connection != nullptr && is_overdue(*connection, time, &reason)) close_connection(*connection, reason, 0);
  }
  update_idle();
}

bool SocketLayer::is_overdue(const Connection& connection, uint64_t time, Reason* reason) const {
  if (connection.lingering) {
    *reason = connection.peer_ended ? Reason::kPeer : Reason::kLocal;
    return time - connection.output_ms > kLingerMs;
  }
  if (!connection.output_empty()) {
    *reason = Reason::kOutputStalled;
    return time - connection.output_ms > limits_.output_stall_ms;
  }
  // A connection that is not being read is late through us, not through its peer.
  if (state_->blocked[connection.slot] != 0 || is_stalled(connection)) return false;
  if (connection.prefix_bytes > 0) {
    *reason = Reason::kHeaderDeadline;
    return time - connection.header_ms > limits_.header_deadline_ms;
  }
  if (connection.slab >= 0) {
    *reason = Reason::kBodyDeadline;
    return time - connection.input_ms > limits_.body_deadline_ms;
  }
  *reason = Reason::kIdle;
  return time - connection.activity_ms > limits_.idle_ms;
}

void SocketLayer::close_connection(Connection& connection, Reason reason, int error, int32_t claimed) {
  push_row(RowKind::kClose, connection.id, static_cast<int32_t>(reason), error, claimed);
  if (connection.slab >= 0) environment_.slabs.unpin(connection.slab);
  auto from_address = per_address_.find(connection.remote_address);
  if (from_address != per_address_.end() && --from_address->second == 0) per_address_.erase(from_address);
  const int32_t slot = connection.slot;
  state_->ids[slot] = 0;
  state_->output_bytes[slot] = 0;
  free_slots_.push_back(slot);
  connection_count_--;
  counters_.closed++;
  // Last: it holds `connection`.
  connections_[slot].reset();
}

}  // namespace sluice
