// The sending half of SocketLayer: commands and the ordered output of connections.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "socket_layer.hh"

namespace sluice {

namespace {

// Fairness (measured in the design of this layer): more per turn starves light clients, less costs CPU.
constexpr uint64_t kRegionBytesPerConnection = 256 << 10;
constexpr uint64_t kRegionBytesPerTurn = 512 << 10;
constexpr size_t kPartsMax = 64;
constexpr size_t kOutputItemsKept = 64;

// A fetch answer ends with a few bytes behind its last region. Without the cork they are a segment of their own and wake
// the consumer twice (measured on the bare-C floor: 20 % of the processor time at 16 KB). Set once, it stays.
void cork(Connection& connection) {
  const int on = 1;
  connection.corked = setsockopt(connection.fd.get(), IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0;
}

// Sets what is set already: that makes the kernel send what the cork holds back, in one call instead of two.
void push(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void SocketLayer::execute(size_t count) {
  const int32_t* command = state_->commands;
  for (size_t i = 0; i < count; i++, command += SocketState::kCommandInts) execute_one(command);
}

void SocketLayer::execute_one(const int32_t* command) {
  Connection* connection = find(command[1]);
  if (connection == nullptr) return;
  switch (static_cast<Command>(command[0])) {
    case Command::kBytes: {
      OutputItem item;
      item.position = static_cast<uint32_t>(command[2]);
      item.length = static_cast<uint32_t>(command[3] - command[2]);
      return add_output(*connection, std::move(item));
    }
    case Command::kRegion:
      return add_region(*connection, command);
    case Command::kResume:
      return resume(*connection);
    case Command::kProducing:
      connection->producing = true;
      return;
    case Command::kCloseAfterOutput:
      connection->closing = true;
      return touch(*connection);
    case Command::kCloseNow:
      return close_connection(*connection, Reason::kLocal, 0);
  }
}

void SocketLayer::add_region(Connection& connection, const int32_t* command) {
  OutputItem item;
  item.kind = OutputItem::Kind::kRegion;
  item.position = uint64_t{static_cast<uint32_t>(command[3])} << 32 | static_cast<uint32_t>(command[4]);
  item.length = item.promised = static_cast<uint32_t>(command[5]);
  const FileRef* file = environment_.files.find(command[2]);
  if (file != nullptr) {
    item.file = *file;
    return add_output(connection, std::move(item));
  }
  failures_.push_back(RegionFailure{std::string(), item.position, item.length});
  push_row(RowKind::kRegionFailed, connection.id, EBADF, static_cast<int32_t>(failures_.size() - 1));
  close_connection(connection, Reason::kRegionFailed, EBADF);
}

void SocketLayer::add_output(Connection& connection, OutputItem item) {
  // Bytes that continue the last ones of the arena are one item: a pipelined client's answers leave as one part.
  if (item.kind == OutputItem::Kind::kArena && !connection.output_empty()) {
    OutputItem& last = connection.output.back();
    if (last.kind == OutputItem::Kind::kArena && last.position + last.length == item.position) {
      last.length += item.length;
      return;
    }
  }
  // The stall of a peer is counted from when there was something to read.
  if (connection.output_empty()) connection.output_ms = now();
  connection.output.push_back(std::move(item));
  touch(connection);
}

void SocketLayer::touch(Connection& connection) {
  if (connection.in_touched) return;
  connection.in_touched = true;
  touched_.push_back(connection.id);
}

void SocketLayer::queue_write(Connection& connection, std::deque<int32_t>& queue) {
  if (connection.in_write_queue) return;
  connection.in_write_queue = true;
  queue.push_back(connection.id);
}

void SocketLayer::flush_output() {
  for (const int32_t id : touched_) {
    Connection* connection = find(id);
    if (connection != nullptr) queue_write(*connection, fresh_queue_);
  }
  flush_queued();
  for (const int32_t id : touched_) {
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    connection->in_touched = false;
    keep_arena_bytes(*connection);
  }
  touched_.clear();
  if (!in_turn_) update_idle();
}

// One round over all that have something to send, within the turn's budget for regions. Bytes are always sent. First
// one of those that wait, so that newcomers cannot starve them; then the newcomers, so that sixteen greedy fetchers do
// not delay a light one; then the rest. Whoever gets nothing keeps its place.
void SocketLayer::flush_queued() {
  flushed_ = true;
  uint64_t budget = kRegionBytesPerTurn;
  size_t waiting = waiting_queue_.size();
  if (waiting > 0) {
    waiting--;
    send_next(waiting_queue_, &budget);
  }
  for (size_t left = fresh_queue_.size(); left > 0; left--) send_next(fresh_queue_, &budget);
  for (; waiting > 0; waiting--) send_next(waiting_queue_, &budget);
  for (const int32_t id : served_) {
    Connection* connection = find(id);
    if (connection != nullptr) queue_write(*connection, waiting_queue_);
  }
  served_.clear();
}

void SocketLayer::send_next(std::deque<int32_t>& queue, uint64_t* budget) {
  const int32_t id = queue.front();
  queue.pop_front();
  Connection* connection = find(id);
  if (connection == nullptr) return;
  connection->in_write_queue = false;
  if (!connection->writable) return;
  const uint64_t share = std::min(*budget, kRegionBytesPerConnection);
  uint64_t left = share;
  const Sent sent = send_queued(*connection, &left);
  *budget -= share - left;
  switch (sent) {
    case Sent::kAll:
      if (connection->corked) push(connection->fd.get());
      if (connection->closing && !connection->lingering) begin_linger(*connection);
      return;
    case Sent::kBlocked:
      // EPOLLOUT will tell.
      connection->writable = false;
      return;
    case Sent::kSome:
      served_.push_back(id);
      return;
    case Sent::kNothing:
      return queue_write(*connection, queue);
    case Sent::kClosed:
      return;
  }
}

SocketLayer::Sent SocketLayer::send_queued(Connection& connection, uint64_t* share) {
  bool moved = false;
  while (!connection.output_empty()) {
    const bool region = connection.front_is_region();
    // A region's header waits with it, else it would sit in the kernel as half a segment.
    if (*share == 0 && (region || connection.region_follows())) return moved ? Sent::kSome : Sent::kNothing;
    const Sent sent = region ? send_region(connection, share) : send_bytes(connection);
    if (sent != Sent::kAll) return sent;
    moved = true;
  }
  return Sent::kAll;
}

// Sends the bytes up to the next region as one message.
SocketLayer::Sent SocketLayer::send_bytes(Connection& connection) {
  iovec parts[kPartsMax];
  size_t count = 0;
  size_t total = 0;
  size_t index = connection.output_head;
  for (; index < connection.output.size() && count < kPartsMax; index++) {
    OutputItem& item = connection.output[index];
    if (item.kind == OutputItem::Kind::kRegion) break;
    const uint8_t* base = item.kind == OutputItem::Kind::kArena ? arena_ : item.owned.get();
    parts[count++] = {const_cast<uint8_t*>(base) + item.position, static_cast<size_t>(item.length)};
    total += item.length;
  }
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  // More follows: let the kernel put the header and the region's first bytes into one segment.
  const int more = index < connection.output.size() ? MSG_MORE : 0;
  const int64_t sent = timed(environment_.latencies, Syscall::kSendmsg,
                             [&] { return sendmsg(connection.fd.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT | more); });
  if (sent == -EAGAIN) return Sent::kBlocked;
  if (sent == -EINTR) return Sent::kAll;
  if (sent < 0) {
    close_connection(connection, Reason::kReset, static_cast<int>(-sent));
    return Sent::kClosed;
  }
  counters_.bytes_out += static_cast<uint64_t>(sent);
  output_taken(connection, static_cast<uint64_t>(sent));
  return static_cast<size_t>(sent) < total ? Sent::kBlocked : Sent::kAll;
}

SocketLayer::Sent SocketLayer::send_region(Connection& connection, uint64_t* share) {
  if (!connection.corked) cork(connection);
  OutputItem& item = connection.output[connection.output_head];
  const auto wanted = static_cast<size_t>(std::min(item.length, *share));
  auto position = static_cast<off_t>(item.position);
  const int file = item.file->fd.get();
  const int64_t sent = timed(environment_.latencies, Syscall::kSendfile,
                             [&] { return sendfile(connection.fd.get(), file, &position, wanted); });
  if (sent == -EAGAIN) return Sent::kBlocked;
  if (sent == -EINTR) return Sent::kAll;
  if (sent == -EPIPE || sent == -ECONNRESET) {
    close_connection(connection, Reason::kReset, static_cast<int>(-sent));
    return Sent::kClosed;
  }
  // 0 is the end of the file inside the promised region: asking again would go on for ever.
  if (sent <= 0) {
    fail_region(connection, sent == 0 ? ENODATA : static_cast<int>(-sent));
    return Sent::kClosed;
  }
  counters_.bytes_out += static_cast<uint64_t>(sent);
  counters_.region_bytes_out += static_cast<uint64_t>(sent);
  *share -= static_cast<uint64_t>(sent);
  output_taken(connection, static_cast<uint64_t>(sent));
  return Sent::kAll;
}

// The peer has been promised these bytes: with half a frame sent there is nothing left but to close.
void SocketLayer::fail_region(Connection& connection, int error) {
  const OutputItem& item = connection.output[connection.output_head];
  failures_.push_back(RegionFailure{item.file->path, item.position - (item.promised - item.length), item.promised});
  push_row(RowKind::kRegionFailed, connection.id, error, static_cast<int32_t>(failures_.size() - 1));
  close_connection(connection, Reason::kRegionFailed, error);
}

void SocketLayer::output_taken(Connection& connection, uint64_t count) {
  double& waiting = state_->output_bytes[connection.slot];
  waiting -= static_cast<double>(count);
  connection.output_ms = connection.activity_ms = now();
  while (count > 0) {
    OutputItem& item = connection.output[connection.output_head];
    const uint64_t part = std::min(count, item.length);
    item.position += part;
    item.length -= part;
    count -= part;
    if (item.length > 0) break;
    item.file.reset();
    item.owned.reset();
    connection.output_head++;
  }
  if (connection.output_empty()) {
    connection.output.clear();
    connection.output_head = 0;
    if (connection.output.capacity() > kOutputItemsKept) connection.output.shrink_to_fit();
  } else if (connection.output_head > kOutputItemsKept && connection.output_head * 2 > connection.output.size()) {
    const auto sent = connection.output.begin() + static_cast<ptrdiff_t>(connection.output_head);
    connection.output.erase(connection.output.begin(), sent);
    connection.output_head = 0;
  }
  uint8_t& blocked = state_->blocked[connection.slot];
  if ((blocked & kOutputFull) == 0 || waiting > limits_.output_bytes_max / 2) return;
  blocked &= static_cast<uint8_t>(~kOutputFull);
  if (blocked & kHeld) push_row(RowKind::kDrained, connection.id);
  else resume(connection);
}

// The arena is used again: what the kernel did not take is copied.
void SocketLayer::keep_arena_bytes(Connection& connection) {
  for (size_t i = connection.output_head; i < connection.output.size(); i++) {
    OutputItem& item = connection.output[i];
    if (item.kind != OutputItem::Kind::kArena) continue;
    item.owned.reset(new uint8_t[item.length]);
    memcpy(item.owned.get(), arena_ + item.position, item.length);
    item.kind = OutputItem::Kind::kOwned;
    item.position = 0;
  }
}

// close(2) with unread input resets the connection and may destroy answers in flight: say FIN, read to the peer's end.
void SocketLayer::begin_linger(Connection& connection) {
  if (connection.peer_ended) return close_connection(connection, Reason::kPeer, 0);
  shutdown(connection.fd.get(), SHUT_WR);
  connection.lingering = true;
  if (connection.slab >= 0) environment_.slabs.unpin(std::exchange(connection.slab, -1));
  connection.output_ms = now();
  connection.readable = true;
  queue_read(connection);
}

}  // namespace sluice
