// The accepting part of SocketLayer: listening sockets, limits, slots.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "socket_layer.hh"

namespace sluice {

namespace {

constexpr int kAcceptsPerTurn = 128;

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_in* v4() { return reinterpret_cast<sockaddr_in*>(&storage); }
  sockaddr_in6* v6() { return reinterpret_cast<sockaddr_in6*>(&storage); }
  bool is_v6() const { return storage.ss_family == AF_INET6; }
  uint16_t port() { return ntohs(is_v6() ? v6()->sin6_port : v4()->sin_port); }

  // False when `text` is not a literal address.
  bool parse(const std::string& text, uint16_t port) {
    if (inet_pton(AF_INET, text.c_str(), &v4()->sin_addr) == 1) {
      storage.ss_family = AF_INET;
      v4()->sin_port = htons(port);
      bytes = sizeof(sockaddr_in);
      return true;
    }
    if (inet_pton(AF_INET6, text.c_str(), &v6()->sin6_addr) != 1) return false;
    storage.ss_family = AF_INET6;
    v6()->sin6_port = htons(port);
    bytes = sizeof(sockaddr_in6);
    return true;
  }

  std::string text() {
    char buffer[INET6_ADDRSTRLEN] = "";
    if (is_v6()) inet_ntop(AF_INET6, &v6()->sin6_addr, buffer, sizeof buffer);
    else inet_ntop(AF_INET, &v4()->sin_addr, buffer, sizeof buffer);
    return buffer;
  }
};

void enable(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

bool is_loopback(const std::string& address) { return address == "::1" || address.compare(0, 4, "127.") == 0; }

// Nothing is congested within one machine, and a host whose default paces its packets (BBR) pays for that: fetches of
// 256 KB cost 1.6 times the processor time. Reno is in every kernel and needs no privilege.
void use_reno(int fd) { setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4); }

// Accepted sockets inherit all of this; the receive window is negotiated from it, so it must be set before listen(2).
bool configure(int fd, const SocketLimits& limits, bool is_v6) {
  enable(fd, SOL_SOCKET, SO_REUSEADDR);
  // `::` must leave the IPv4 wildcard to a listener of its own.
  if (is_v6) enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  enable(fd, IPPROTO_TCP, TCP_NODELAY);
  if (limits.send_buffer_bytes > 0) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &limits.send_buffer_bytes, sizeof limits.send_buffer_bytes);
  }
  if (limits.receive_buffer_bytes > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &limits.receive_buffer_bytes, sizeof limits.receive_buffer_bytes);
  }
  const std::string& congestion = limits.congestion_control;
  return congestion.empty() || setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                                          static_cast<socklen_t>(congestion.size())) == 0;
}

}  // namespace

int SocketLayer::listen(const std::string& text, uint16_t port, int backlog, uint16_t* bound_port) {
  Address address;
  if (!open_) return -EBADF;
  if (!address.parse(text, port)) return -EADDRNOTAVAIL;
  UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || !configure(fd.get(), limits_, address.is_v6())) return -errno;
  if (bind(fd.get(), address.raw(), address.bytes) != 0) return -errno;
  if (::listen(fd.get(), backlog) != 0) return -errno;
  if (getsockname(fd.get(), address.raw(), &address.bytes) != 0) return -errno;
  *bound_port = address.port();
  if (!add_to_epoll(fd.get(), kListenerKey + listeners_.size(), EPOLLIN | EPOLLET)) return -errno;
  listeners_.push_back(Listener{std::move(fd), true});
  update_idle();
  return 0;
}

void SocketLayer::accept_pending() {
  for (size_t index = 0; index < listeners_.size(); index++) {
    Listener& listener = listeners_[index];
    for (int accepted = 0; listener.pending && accepted < kAcceptsPerTurn; accepted++) {
      listener.pending = accept_one(listener, static_cast<int32_t>(index));
    }
  }
}

// False when there is nothing more to accept.
bool SocketLayer::accept_one(Listener& listener, int32_t index) {
  Address peer;
  peer.bytes = sizeof peer.storage;
  const int64_t result = timed(environment_.latencies, Syscall::kAccept4, [&] {
    return accept4(listener.fd.get(), peer.raw(), &peer.bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  if (result == -EMFILE || result == -ENFILE) return refuse_without_descriptor(listener);
  // Anything but "none left" is about one connection that has gone already (accept(2)).
  if (result < 0) return result != -EAGAIN && result != -ENOBUFS && result != -ENOMEM;
  admit(UniqueFd(static_cast<int>(result)), index, peer.text(), peer.port());
  return true;
}

// Without this the connection would stay in the backlog, its client waiting for ever.
bool SocketLayer::refuse_without_descriptor(Listener& listener) {
  reserve_.reset(-1);
  UniqueFd refused(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool more = refused.valid();
  refused.reset(-1);
  reserve_.reset(fcntl(epoll_.get(), F_DUPFD_CLOEXEC, 0));
  if (!more) return false;
  counters_.refused++;
  counters_.refused_no_descriptor++;
  return true;
}

void SocketLayer::admit(UniqueFd fd, int32_t listener, std::string address, uint16_t port) {
  const auto known = per_address_.find(address);
  const uint32_t from_address = known == per_address_.end() ? 0 : known->second;
  const bool room = connection_count_ < limits_.connections_max && from_address < limits_.connections_per_address_max;
  const int32_t slot = room ? take_slot() : -1;
  if (slot < 0) {
    counters_.refused++;
    return;
  }
  const int32_t id = slot | generations_[slot] << SocketState::kSlotBits;
  if (!add_to_epoll(fd.get(), static_cast<uint64_t>(id), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
    free_slots_.push_back(slot);
    counters_.refused++;
    return;
  }
  if (limits_.congestion_control.empty() && is_loopback(address)) use_reno(fd.get());
  per_address_[address] = from_address + 1;
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(fd);
  connection->id = id;
  connection->slot = slot;
  connection->listener = listener;
  connection->remote_address = std::move(address);
  connection->remote_port = port;
  connection->activity_ms = connection->header_ms = connection->input_ms = connection->output_ms = now();
  connections_[slot] = std::move(connection);
  state_->ids[slot] = id;
  state_->blocked[slot] = 0;
  state_->output_bytes[slot] = 0;
  connection_count_++;
  counters_.accepted++;
  push_row(RowKind::kOpen, id, listener);
}

// The slot that has been free for longest, with its next generation; -1 when all are taken.
int32_t SocketLayer::take_slot() {
  if (connections_.size() < SocketState::kSlots && free_slots_.size() < SocketState::kFreeSlotsMin) {
    connections_.emplace_back();
    generations_.push_back(1);
    return static_cast<int32_t>(connections_.size()) - 1;
  }
  if (free_slots_.empty()) return -1;
  const int32_t slot = free_slots_.front();
  free_slots_.pop_front();
  // Generation 0 is left out: an id is never 0.
  generations_[slot] = generations_[slot] + 1 < SocketState::kGenerations ? generations_[slot] + 1 : 1;
  return slot;
}

bool SocketLayer::add_to_epoll(int fd, uint64_t key, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace sluice
