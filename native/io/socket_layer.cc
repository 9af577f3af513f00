#include "socket_layer.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace sluice {

namespace {

constexpr uint64_t kListenerKey = uint64_t{1} << 40;
constexpr uint64_t kSweepMsMin = 20;
constexpr uint64_t kSweepMsMax = 1000;
constexpr uint64_t kLingerMs = 2000;
// How soon a producing connection looks again whether the slab pool has room.
constexpr uint64_t kStallMs = 5;

}  // namespace

SocketLayer::SocketLayer(Environment& environment, SocketLimits limits)
    : environment_(environment), limits_(std::move(limits)) {}

int SocketLayer::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return -errno;
  reserve_.reset(fcntl(epoll_.get(), F_DUPFD_CLOEXEC, 0));
  const int status = uv_poll_init(environment_.loop, &poll_, epoll_.get());
  if (status != 0) return status;
  uv_idle_init(environment_.loop, &idle_);
  uv_timer_init(environment_.loop, &sweep_timer_);
  uv_timer_init(environment_.loop, &stall_timer_);
  poll_.data = idle_.data = sweep_timer_.data = stall_timer_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&sweep_timer_));
  open_ = true;
  std::weak_ptr<SocketLayer> weak = weak_from_this();
  environment_.at_exit([weak] {
    if (auto self = weak.lock()) self->close();
  });
  return 0;
}

int SocketLayer::listen(const std::string& address, uint16_t port, int backlog, uint16_t* bound_port) {
  sockaddr_storage storage{};
  socklen_t bytes;
  auto* in = reinterpret_cast<sockaddr_in*>(&storage);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, address.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    bytes = sizeof *in;
  } else if (inet_pton(AF_INET6, address.c_str(), &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    bytes = sizeof *in6;
  } else {
    return -EADDRNOTAVAIL;
  }
  UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return -errno;
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (storage.ss_family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  // Inherited by accepted sockets; the window is negotiated from it, so it must be set before listen(2).
  if (limits_.receive_buffer_bytes > 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &limits_.receive_buffer_bytes, sizeof(int));
  }
  if (!limits_.congestion_control.empty() &&
      setsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, limits_.congestion_control.data(),
                 static_cast<socklen_t>(limits_.congestion_control.size())) != 0) {
    return -errno;
  }
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), bytes) != 0) return -errno;
  if (::listen(fd.get(), backlog) != 0) return -errno;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return -errno;
  *bound_port = ntohs(storage.ss_family == AF_INET ? in->sin_port : in6->sin6_port);
  if (!add_to_epoll(fd.get(), kListenerKey + listeners_.size(), EPOLLIN | EPOLLET)) return -errno;
  listeners_.push_back(Listener{std::move(fd), true});
  if (started_) update_idle();
  return 0;
}

void SocketLayer::start(std::function<void(size_t)> deliver) {
  deliver_ = std::move(deliver);
  started_ = true;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<SocketLayer*>(poll->data)->turn(); });
  const uint64_t shortest = std::min({limits_.header_deadline_ms, limits_.body_deadline_ms, limits_.idle_ms,
                                      limits_.output_stall_ms});
  const uint64_t period = std::clamp(shortest / 4, kSweepMsMin, kSweepMsMax);
  uv_timer_start(&sweep_timer_, [](uv_timer_t* timer) { static_cast<SocketLayer*>(timer->data)->sweep(); }, period, period);
  update_idle();
}

void SocketLayer::stop_listening() {
  for (Listener& listener : listeners_) {
    listener.fd.reset(-1);
    listener.pending = false;
  }
}

void SocketLayer::close() {
  if (!open_) return;
  open_ = false;
  started_ = false;
  deliver_ = nullptr;
  for (auto& connection : connections_) {
    if (connection != nullptr) close_connection(*connection, Reason::kLocal, 0);
  }
  for (const int32_t id : turn_slabs_) environment_.slabs.unpin(id);
  turn_slabs_.clear();
  if (arena_slab_ >= 0) environment_.slabs.unpin(arena_slab_);
  arena_slab_ = -1;
  listeners_.clear();
  // The epoll descriptor closes after libuv has let go of it; `self` lives until then.
  auto self = shared_from_this();
  environment_.close_handle(reinterpret_cast<uv_handle_t*>(&idle_), [self] {});
  environment_.close_handle(reinterpret_cast<uv_handle_t*>(&sweep_timer_), [self] {});
  environment_.close_handle(reinterpret_cast<uv_handle_t*>(&stall_timer_), [self] {});
  environment_.close_handle(reinterpret_cast<uv_handle_t*>(&poll_), [self] {
    self->epoll_.reset(-1);
    self->reserve_.reset(-1);
  });
}

Connection* SocketLayer::find(int32_t id) {
  const auto slot = static_cast<size_t>(id & ((1 << 20) - 1));
  if (id < 0 || slot >= connections_.size()) return nullptr;
  Connection* connection = connections_[slot].get();
  return connection != nullptr && connection->id == id ? connection : nullptr;
}

void SocketLayer::turn() {
  if (in_turn_ || !started_) return;
  in_turn_ = true;
  counters_.turns++;
  take_edges();
  accept_pending();
  flush_queued();
  receive_queued();
  auto self = shared_from_this();
  deliver_rows();
  release_turn_slabs();
  in_turn_ = false;
  if (!started_) return;
  update_stall_timer();
  update_idle();
}

void SocketLayer::deliver_rows() {
  // A copy: JavaScript may close this layer from within.
  const auto deliver = deliver_;
  size_t next = 0;
  while (next < pending_rows_.size() && started_) {
    const size_t count = std::min(kRows, pending_rows_.size() - next);
    memcpy(rows_, pending_rows_.data() + next, count * sizeof(Row));
    next += count;
    // JavaScript may close this layer, or close connections: that adds rows.
    deliver(count);
  }
  pending_rows_.clear();
}

void SocketLayer::push_row(RowKind kind, int32_t connection, int32_t a, int32_t b, int32_t c) {
  pending_rows_.push_back(Row{{static_cast<int32_t>(kind), connection, a, b, c}});
}

// Work that no edge will announce: leftovers of the caps, rows for JavaScript, listeners not yet looked at.
void SocketLayer::update_idle() {
  if (!open_) return;
  bool needed = started_ && (!read_queue_.empty() || !write_queue_.empty() || !pending_rows_.empty());
  for (const Listener& listener : listeners_) needed = needed || (started_ && listener.pending);
  if (needed == idle_active_) return;
  idle_active_ = needed;
  if (needed) uv_idle_start(&idle_, [](uv_idle_t* idle) { static_cast<SocketLayer*>(idle->data)->turn(); });
  else uv_idle_stop(&idle_);
}

void SocketLayer::update_stall_timer() {
  if (stalled_.empty() || uv_is_active(reinterpret_cast<uv_handle_t*>(&stall_timer_))) return;
  auto look = [](uv_timer_t* timer) {
    auto* self = static_cast<SocketLayer*>(timer->data);
    std::vector<int32_t> waiting;
    waiting.swap(self->stalled_);
    for (const int32_t id : waiting) {
      Connection* connection = self->find(id);
      if (connection != nullptr) self->queue_read(*connection);
    }
    self->turn();
  };
  uv_timer_start(&stall_timer_, look, kStallMs, 0);
}

void SocketLayer::sweep() {
  const uint64_t now = uv_now(environment_.loop);
  for (auto& connection : connections_) {
    Reason reason;
    if (connection != nullptr && is_overdue(*connection, now, &reason)) close_connection(*connection, reason, 0);
  }
  update_idle();
}

bool SocketLayer::is_overdue(const Connection& connection, uint64_t now, Reason* reason) const {
  // A connection that is not being read is late through us, not through its peer.
  const bool reading = !connection.paused && !connection.output_full && !connection.closing;
  if (connection.lingering) {
    *reason = Reason::kLocal;
    return now - connection.input_ms > kLingerMs;
  }
  if (!connection.output_empty()) {
    *reason = Reason::kOutputStalled;
    return now - connection.output_ms > limits_.output_stall_ms;
  }
  if (reading && connection.prefix_bytes > 0) {
    *reason = Reason::kHeaderDeadline;
    return now - connection.input_ms > limits_.header_deadline_ms;
  }
  if (reading && connection.slab >= 0 && !(connection.producing && environment_.slabs.over_budget())) {
    *reason = Reason::kBodyDeadline;
    return now - connection.input_ms > limits_.body_deadline_ms;
  }
  *reason = Reason::kIdle;
  return now - connection.activity_ms > limits_.idle_ms;
}

}  // namespace sluice
