// The receiving half of SocketLayer: edges, accepting, reading, cutting frames.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "socket_layer.hh"

namespace sluice {

namespace {

constexpr uint32_t kArenaBytes = 2 << 20;
// A connection reads at most this much in a turn; the rest waits for its next one.
constexpr uint32_t kConnectionTurnBytes = 1 << 20;
constexpr uint32_t kTurnBytes = 16 << 20;
constexpr uint32_t kReadBytes = 256 << 10;
// After a large frame the next read starts small: little has to be copied out of the arena.
constexpr uint32_t kReadBytesAfterLarge = 16 << 10;
constexpr uint32_t kLargeFrameBytes = 32 << 10;
// A frame's slab starts at no more than this and doubles with what arrives.
constexpr uint32_t kFirstSlabBytes = 64 << 10;
constexpr int kAcceptsPerTurn = 128;
constexpr uint64_t kListenerKey = uint64_t{1} << 40;

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

void SocketLayer::take_edges() {
  epoll_event events[256];
  for (;;) {
    const int64_t count = timed(environment_.latencies, Syscall::kEpollWait,
                                [&] { return epoll_wait(epoll_.get(), events, 256, 0); });
    for (int64_t i = 0; i < count; i++) {
      const uint64_t key = events[i].data.u64;
      if (key >= kListenerKey) {
        listeners_[key - kListenerKey].pending = true;
        continue;
      }
      Connection* connection = find(static_cast<int32_t>(key));
      if (connection == nullptr) continue;
      if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        connection->readable = true;
        if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->hung_up = true;
        queue_read(*connection);
      }
      if (events[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        connection->writable = true;
        if (!connection->output_empty()) queue_write(*connection);
      }
    }
    if (count < 256) return;
  }
}

void SocketLayer::accept_pending() {
  for (size_t index = 0; index < listeners_.size(); index++) {
    Listener& listener = listeners_[index];
    int accepted = 0;
    while (listener.pending && accepted++ < kAcceptsPerTurn) {
      if (!accept_one(listener, static_cast<int32_t>(index))) listener.pending = false;
    }
  }
}

// False when there is nothing more to accept.
bool SocketLayer::accept_one(Listener& listener, int32_t index) {
  sockaddr_storage peer;
  socklen_t peer_bytes = sizeof peer;
  const int64_t result = timed(environment_.latencies, Syscall::kAccept4, [&] {
    return accept4(listener.fd.get(), reinterpret_cast<sockaddr*>(&peer), &peer_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  if (result == -EMFILE || result == -ENFILE) {
    // Without this the connection would stay in the backlog and wake the loop for ever.
    reserve_.reset(-1);
    UniqueFd refused(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const bool more = refused.valid();
    refused.reset(-1);
    reserve_.reset(fcntl(epoll_.get(), F_DUPFD_CLOEXEC, 0));
    if (more) counters_.refused++;
    return more;
  }
  if (result < 0) return result == -EINTR || result == -ECONNABORTED;
  UniqueFd fd(static_cast<int>(result));
  char text[INET6_ADDRSTRLEN] = "";
  uint16_t port = 0;
  if (peer.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<sockaddr_in*>(&peer);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    port = ntohs(in->sin_port);
  } else {
    const auto* in6 = reinterpret_cast<sockaddr_in6*>(&peer);
    inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
    port = ntohs(in6->sin6_port);
  }
  admit(std::move(fd), index, text, port);
  return true;
}

void SocketLayer::admit(UniqueFd fd, int32_t listener, std::string address, uint16_t port) {
  uint32_t& from_address = per_address_[address];
  if (connection_count_ >= limits_.connections_max || from_address >= limits_.connections_per_address_max) {
    if (from_address == 0) per_address_.erase(address);
    counters_.refused++;
    return;
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (limits_.send_buffer_bytes > 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &limits_.send_buffer_bytes, sizeof(int));
  }
  int32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<int32_t>(connections_.size());
    connections_.emplace_back();
    generations_.push_back(0);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const int32_t id = slot | generations_[slot] << 20;
  if (!add_to_epoll(fd.get(), static_cast<uint64_t>(id), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
    free_slots_.push_back(slot);
    if (from_address == 0) per_address_.erase(address);
    counters_.refused++;
    return;
  }
  from_address++;
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(fd);
  connection->id = id;
  connection->listener = listener;
  connection->remote_address = std::move(address);
  connection->remote_port = port;
  const uint64_t now = uv_now(environment_.loop);
  connection->activity_ms = connection->input_ms = connection->output_ms = now;
  connections_[slot] = std::move(connection);
  connection_count_++;
  counters_.accepted++;
  push_row(RowKind::kOpen, id, listener, 0, 0);
}

bool SocketLayer::add_to_epoll(int fd, uint64_t key, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool SocketLayer::may_read(const Connection& connection) const {
  if (connection.lingering) return connection.readable;
  return connection.readable && !connection.paused && !connection.closing && !connection.output_full;
}

// One round over the connections that have something to read; what the caps leave over stays queued.
void SocketLayer::receive_queued() {
  uint64_t budget = kTurnBytes;
  for (size_t left = read_queue_.size(); left > 0 && budget > 0; left--) {
    const int32_t id = read_queue_.front();
    read_queue_.pop_front();
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    connection->in_read_queue = false;
    if (!may_read(*connection)) continue;
    if (connection->producing && environment_.slabs.over_budget()) {
      stalled_.push_back(id);
      continue;
    }
    const uint64_t before = counters_.bytes_in;
    receive(*connection);
    budget -= std::min(budget, counters_.bytes_in - before);
    connection = find(id);
    if (connection != nullptr && may_read(*connection)) queue_read(*connection);
  }
}

void SocketLayer::receive(Connection& connection) {
  uint32_t budget = kConnectionTurnBytes;
  while (budget > 0 && may_read(connection)) {
    size_t requested = 0;
    const int64_t count = read_some(connection, &requested);
    if (count == -EAGAIN) {
      connection.readable = false;
      return;
    }
    if (count == -EINTR) continue;
    if (count < 0) return close_connection(connection, Reason::kReset, static_cast<int>(-count));
    if (count == 0) {
      connection.readable = false;
      connection.peer_ended = true;
      if (connection.lingering) return close_connection(connection, Reason::kLocal, 0);
      if (!connection.peer_end_told) {
        connection.peer_end_told = true;
        push_row(RowKind::kPeerEnd, connection.id, 0, 0, 0);
      }
      return;
    }
    counters_.bytes_in += count;
    connection.activity_ms = connection.input_ms = uv_now(environment_.loop);
    if (!connection.lingering && !take_bytes(connection, count)) return;
    budget -= std::min<uint32_t>(budget, static_cast<uint32_t>(count));
    // A short read has emptied the socket: new bytes make a new edge. After a hang-up only a read of 0 is the end.
    if (static_cast<size_t>(count) < requested && !connection.hung_up) {
      connection.readable = false;
      return;
    }
  }
}

// -errno, or bytes received: into the frame's slab and then the arena, or into the arena alone.
int64_t SocketLayer::read_some(Connection& connection, size_t* requested) {
  const uint32_t wanted = connection.last_frame_bytes > kLargeFrameBytes ? kReadBytesAfterLarge : kReadBytes;
  if (!prepare_arena(kReadBytesAfterLarge)) return -ENOMEM;
  Slab& arena = environment_.slabs.at(arena_slab_);
  iovec parts[2];
  int count = 0;
  if (connection.slab >= 0) {
    if (!grow_frame(connection)) return -ENOMEM;
    Slab& slab = environment_.slabs.at(connection.slab);
    const uint32_t room = std::min(connection.frame_bytes, slab.size) - connection.received_bytes;
    parts[count++] = {slab.data + connection.received_bytes, room};
  }
  const bool frame_fits = connection.slab < 0 ||
                          environment_.slabs.at(connection.slab).size >= connection.frame_bytes;
  if (frame_fits) {
    const uint32_t room = std::min(arena.size - arena_used_, wanted);
    parts[count++] = {arena.data + arena_used_, room};
  }
  for (int i = 0; i < count; i++) *requested += parts[i].iov_len;
  return timed(environment_.latencies, Syscall::kReadv, [&] { return readv(connection.fd.get(), parts, count); });
}

// Files what was read. False when the connection was closed for it.
bool SocketLayer::take_bytes(Connection& connection, size_t count) {
  if (connection.slab >= 0) {
    Slab& slab = environment_.slabs.at(connection.slab);
    const uint32_t room = std::min(connection.frame_bytes, slab.size) - connection.received_bytes;
    const auto taken = static_cast<uint32_t>(std::min<size_t>(room, count));
    connection.received_bytes += taken;
    count -= taken;
    if (connection.received_bytes < connection.frame_bytes) return true;
    finish_frame(connection);
  }
  if (count == 0) return true;
  const uint32_t start = arena_used_;
  arena_used_ += static_cast<uint32_t>(count);
  return parse_arena(connection, start, arena_used_);
}

bool SocketLayer::parse_arena(Connection& connection, uint32_t start, uint32_t end) {
  const uint8_t* data = environment_.slabs.at(arena_slab_).data;
  while (start < end) {
    while (connection.prefix_bytes < 4 && start < end) connection.prefix[connection.prefix_bytes++] = data[start++];
    if (connection.prefix_bytes < 4) return true;
    const uint32_t frame_bytes = big_endian(connection.prefix);
    if (frame_bytes == 0 || frame_bytes > INT32_MAX) {
      close_connection(connection, Reason::kFrameInvalid, 0);
      return false;
    }
    if (frame_bytes > limits_.frame_bytes_max) {
      close_connection(connection, Reason::kFrameTooLarge, 0);
      return false;
    }
    connection.prefix_bytes = 0;
    connection.last_frame_bytes = frame_bytes;
    if (end - start < frame_bytes) return begin_frame(connection, frame_bytes, data + start, end - start);
    push_row(RowKind::kFrame, connection.id, arena_slab_, static_cast<int32_t>(start), static_cast<int32_t>(frame_bytes));
    counters_.frames_in++;
    start += frame_bytes;
  }
  return true;
}

bool SocketLayer::begin_frame(Connection& connection, uint32_t frame_bytes, const uint8_t* part, uint32_t part_bytes) {
  const uint32_t size = std::min(frame_bytes, std::max(kFirstSlabBytes, part_bytes));
  const int32_t id = environment_.slabs.acquire(size);
  if (id < 0) {
    close_connection(connection, Reason::kReset, ENOMEM);
    return false;
  }
  environment_.slabs.pin(id);
  if (part_bytes > 0) memcpy(environment_.slabs.at(id).data, part, part_bytes);
  connection.slab = id;
  connection.frame_bytes = frame_bytes;
  connection.received_bytes = part_bytes;
  return true;
}

// A full slab of an incomplete frame is replaced by one of twice the size.
bool SocketLayer::grow_frame(Connection& connection) {
  const Slab& full = environment_.slabs.at(connection.slab);
  if (connection.received_bytes < full.size || full.size >= connection.frame_bytes) return true;
  const auto size = static_cast<uint32_t>(std::min<uint64_t>(uint64_t{full.size} * 2, connection.frame_bytes));
  const int32_t id = environment_.slabs.acquire(size);
  if (id < 0) return false;
  environment_.slabs.pin(id);
  memcpy(environment_.slabs.at(id).data, environment_.slabs.at(connection.slab).data, connection.received_bytes);
  environment_.slabs.unpin(connection.slab);
  connection.slab = id;
  return true;
}

void SocketLayer::finish_frame(Connection& connection) {
  push_row(RowKind::kFrame, connection.id, connection.slab, 0, static_cast<int32_t>(connection.frame_bytes));
  counters_.frames_in++;
  turn_slabs_.push_back(connection.slab);
  connection.slab = -1;
  connection.frame_bytes = 0;
  connection.received_bytes = 0;
}

// Makes sure of `byte_length` free bytes in the arena; a used-up one stays until the turn is over.
bool SocketLayer::prepare_arena(size_t byte_length) {
  if (arena_slab_ >= 0) {
    if (environment_.slabs.at(arena_slab_).size - arena_used_ >= byte_length) return true;
    turn_slabs_.push_back(arena_slab_);
  }
  arena_slab_ = environment_.slabs.acquire(kArenaBytes);
  arena_used_ = 0;
  if (arena_slab_ < 0) return false;
  environment_.slabs.pin(arena_slab_);
  return true;
}

// JavaScript has seen the frames: slabs that it did not pin are free again.
void SocketLayer::release_turn_slabs() {
  for (const int32_t id : turn_slabs_) environment_.slabs.unpin(id);
  turn_slabs_.clear();
  if (arena_slab_ < 0) return;
  if (environment_.slabs.pins()[arena_slab_] == 0) {
    arena_used_ = 0;
  } else if (arena_used_ > kArenaBytes / 2) {
    environment_.slabs.unpin(arena_slab_);
    arena_slab_ = -1;
    arena_used_ = 0;
  }
}

}  // namespace sluice
