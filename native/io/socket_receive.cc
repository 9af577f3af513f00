// The receiving half of SocketLayer: edges, reading, cutting frames.
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
constexpr uint64_t kTurnBytes = 4 << 20;
constexpr uint32_t kReadBytes = 256 << 10;
// After a large frame the next read starts small: little has to be copied out of the arena.
constexpr uint32_t kReadBytesAfterLarge = 16 << 10;
constexpr uint32_t kLargeFrameBytes = 32 << 10;
// A frame's slab starts at no more than this (or what the connection has filled before) and doubles with what arrives.
constexpr uint32_t kFirstSlabBytes = 64 << 10;
constexpr uint32_t kTrustedBytesMax = 16 << 20;

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

void SocketLayer::take_edges() {
  epoll_event events[256];
  int64_t count;
  do {
    count = timed(environment_.latencies, Syscall::kEpollWait,
                  [&] { return epoll_wait(epoll_.get(), events, 256, 0); });
    for (int64_t i = 0; i < count; i++) {
      const uint64_t key = events[i].data.u64;
      if (key >= kListenerKey) {
        listeners_[key - kListenerKey].pending = true;
        continue;
      }
      Connection* connection = find(static_cast<int32_t>(key));
      if (connection != nullptr) take_edge(*connection, events[i].events);
    }
  } while (count == 256);
}

void SocketLayer::take_edge(Connection& connection, uint32_t events) {
  if (events & EPOLLERR) {
    // A reset is told at once, also of connections that are not being read: whoever waits for them can stop.
    int error = 0;
    socklen_t error_bytes = sizeof error;
    getsockopt(connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &error_bytes);
    return close_connection(connection, connection.lingering ? Reason::kLocal : Reason::kReset, error);
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) {
    connection.readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP)) connection.hung_up = true;
    queue_read(connection);
  }
  if (events & (EPOLLOUT | EPOLLHUP)) {
    connection.writable = true;
    if (!connection.output_empty()) queue_write(connection, waiting_queue_);
  }
}

void SocketLayer::queue_read(Connection& connection) {
  if (connection.in_read_queue || !may_read(connection)) return;
  connection.in_read_queue = true;
  read_queue_.push_back(connection.id);
}

bool SocketLayer::may_read(const Connection& connection) const {
  if (!connection.readable) return false;
  return connection.lingering || state_->blocked[connection.slot] == 0;
}

// Over budget nothing new begins. What has begun goes on into the slab it has: else nothing would ever be released.
bool SocketLayer::is_stalled(const Connection& connection) const {
  return connection.producing && connection.slab < 0 && environment_.slabs.over_budget();
}

// It is read again: its peer has the whole of each deadline from now.
void SocketLayer::resume(Connection& connection) {
  connection.header_ms = connection.input_ms = now();
  queue_read(connection);
}

// One round over the connections that have something to read; what the caps leave over stays queued.
void SocketLayer::receive_queued() {
  const uint64_t end = counters_.bytes_in + kTurnBytes;
  for (size_t left = read_queue_.size(); left > 0 && counters_.bytes_in < end; left--) {
    const int32_t id = read_queue_.front();
    read_queue_.pop_front();
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    connection->in_read_queue = false;
    receive(*connection);
    connection = find(id);
    if (connection == nullptr || !may_read(*connection)) continue;
    if (is_stalled(*connection)) stalled_.push_back(id);
    else queue_read(*connection);
  }
}

void SocketLayer::receive(Connection& connection) {
  uint32_t budget = kConnectionTurnBytes;
  while (budget > 0 && may_read(connection) && !is_stalled(connection)) {
    size_t requested = 0;
    const int64_t count = read_some(connection, &requested);
    if (count == -EINTR) continue;
    if (count == -EAGAIN) {
      connection.readable = false;
      return;
    }
    if (count == 0) return received_end(connection);
    if (count < 0) return close_connection(connection, Reason::kReset, static_cast<int>(-count));
    counters_.bytes_in += static_cast<uint64_t>(count);
    connection.activity_ms = connection.input_ms = now();
    if (!connection.lingering && !take_bytes(connection, static_cast<size_t>(count))) return;
    budget -= std::min(budget, static_cast<uint32_t>(count));
    // A short read has emptied the socket: new bytes make a new edge. After a hang-up only a read of 0 is the end.
    if (static_cast<size_t>(count) < requested && !connection.hung_up) {
      connection.readable = false;
      return;
    }
  }
}

// The other direction still works: answers in progress are sent before the connection closes.
void SocketLayer::received_end(Connection& connection) {
  connection.readable = false;
  if (connection.lingering) return close_connection(connection, Reason::kLocal, 0);
  if (connection.peer_ended) return;
  connection.peer_ended = true;
  push_row(RowKind::kPeerEnd, connection.id);
}

// -errno, or bytes received: into the frame's slab and then the arena, or into the arena alone.
int64_t SocketLayer::read_some(Connection& connection, size_t* requested) {
  const uint32_t wanted = connection.last_frame_bytes > kLargeFrameBytes ? kReadBytesAfterLarge : kReadBytes;
  iovec parts[2];
  int count = 0;
  bool surplus = true;
  if (connection.slab >= 0) {
    if (!grow_frame(connection)) return -ENOMEM;
    Slab& slab = environment_.slabs.at(connection.slab);
    const uint32_t room = std::min(connection.frame_bytes, slab.size) - connection.received_bytes;
    parts[count++] = {slab.data + connection.received_bytes, room};
    surplus = slab.size >= connection.frame_bytes && !(connection.producing && environment_.slabs.over_budget());
  }
  if (surplus) {
    if (!prepare_arena(kReadBytesAfterLarge)) return -ENOMEM;
    Slab& arena = environment_.slabs.at(arena_slab_);
    parts[count++] = {arena.data + arena_used_, std::min(arena.size - arena_used_, wanted)};
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
    if (connection.prefix_bytes == 0) connection.header_ms = connection.input_ms;
    while (connection.prefix_bytes < 4 && start < end) connection.prefix[connection.prefix_bytes++] = data[start++];
    if (connection.prefix_bytes < 4) return true;
    const uint32_t frame_bytes = big_endian(connection.prefix);
    if (frame_bytes == 0 || frame_bytes > limits_.frame_bytes_max) {
      const bool invalid = frame_bytes == 0 || frame_bytes > INT32_MAX;
      close_connection(connection, invalid ? Reason::kFrameInvalid : Reason::kFrameTooLarge, 0,
                       static_cast<int32_t>(frame_bytes));
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

// The part received moves to a slab of the frame's own, and its room in the arena is free again.
bool SocketLayer::begin_frame(Connection& connection, uint32_t frame_bytes, const uint8_t* part, uint32_t part_bytes) {
  const uint32_t trusted = connection.trusted_bytes + connection.trusted_bytes / 4;
  const uint32_t size = std::min(frame_bytes, std::max({kFirstSlabBytes, part_bytes, trusted}));
  const int32_t id = environment_.slabs.acquire(size);
  if (id < 0) {
    close_connection(connection, Reason::kReset, ENOMEM);
    return false;
  }
  environment_.slabs.pin(id);
  if (part_bytes > 0) memcpy(environment_.slabs.at(id).data, part, part_bytes);
  arena_used_ -= part_bytes;
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
  connection.trusted_bytes = std::min(connection.frame_bytes, kTrustedBytesMax);
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

// JavaScript has seen the frames: slabs that it did not pin are free again. A pinned arena is filled up further on.
void SocketLayer::release_turn_slabs() {
  for (const int32_t id : turn_slabs_) environment_.slabs.unpin(id);
  turn_slabs_.clear();
  if (arena_slab_ >= 0 && environment_.slabs.pins()[arena_slab_] == 0) arena_used_ = 0;
}

}  // namespace sluice
