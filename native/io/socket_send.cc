// The sending half of SocketLayer: commands, ordered output, the ends of connections.
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "socket_layer.hh"

namespace sluice {

namespace {

// Fairness (measured in the design of this layer): more per turn starves light clients, less costs CPU.
constexpr uint64_t kRegionBytesPerConnection = 256 << 10;
constexpr uint64_t kRegionBytesPerTurn = 512 << 10;
constexpr size_t kPartsMax = 64;

}  // namespace

void SocketLayer::execute(const int32_t* commands, size_t count) {
  for (size_t i = 0; i < count; i++, commands += kCommandInts) {
    Connection* connection = find(commands[1]);
    if (connection == nullptr) continue;
    switch (static_cast<Command>(commands[0])) {
      case Command::kBytes: {
        OutputItem item;
        item.position = static_cast<uint32_t>(commands[2]);
        item.length = static_cast<uint32_t>(commands[3] - commands[2]);
        add_output(*connection, std::move(item));
        break;
      }
      case Command::kRegion: {
        const FileRef* file = environment_.files.find(commands[2]);
        if (file == nullptr) {
          push_row(RowKind::kRegionFailed, connection->id, EBADF, 0, 0);
          close_connection(*connection, Reason::kRegionFailed, EBADF);
          break;
        }
        OutputItem item;
        item.kind = OutputItem::Kind::kRegion;
        item.position = uint64_t{static_cast<uint32_t>(commands[3])} << 32 | static_cast<uint32_t>(commands[4]);
        item.length = static_cast<uint32_t>(commands[5]);
        item.file = *file;
        add_output(*connection, std::move(item));
        break;
      }
      case Command::kPause:
        connection->paused = commands[2] != 0;
        if (!connection->paused && connection->readable) queue_read(*connection);
        break;
      case Command::kProducing:
        connection->producing = true;
        break;
      case Command::kCloseAfterOutput:
        connection->closing = true;
        touched_.push_back(connection->id);
        break;
      case Command::kCloseNow:
        close_connection(*connection, Reason::kLocal, 0);
        break;
    }
  }
}

void SocketLayer::add_output(Connection& connection, OutputItem item) {
  if (item.length == 0 || connection.lingering) return;
  // Bytes that continue the last ones of the arena are one item: a pipelined client's answers leave as one part.
  if (item.kind == OutputItem::Kind::kArena && !connection.output_empty()) {
    OutputItem& last = connection.output.back();
    if (last.kind == OutputItem::Kind::kArena && last.position + last.length == item.position) {
      last.length += item.length;
      connection.output_bytes += item.length;
      return;
    }
  }
  if (connection.output_empty()) connection.output_ms = uv_now(environment_.loop);
  connection.output_bytes += item.length;
  connection.output.push_back(std::move(item));
  touched_.push_back(connection.id);
  if (connection.output_bytes > limits_.output_bytes_max) connection.output_full = true;
}

void SocketLayer::flush_output() {
  for (const int32_t id : touched_) {
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    if (connection->output_empty()) after_output(*connection);
    else queue_write(*connection);
  }
  flush_queued();
  keep_arena_bytes();
  touched_.clear();
  if (!in_turn_) update_idle();
}

// One round over the connections that have something to send, within the turn's budget for regions.
void SocketLayer::flush_queued() {
  uint64_t budget = kRegionBytesPerTurn;
  for (size_t left = write_queue_.size(); left > 0; left--) {
    const int32_t id = write_queue_.front();
    write_queue_.pop_front();
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    connection->in_write_queue = false;
    if (!connection->writable) continue;
    uint64_t share = std::min(budget, kRegionBytesPerConnection);
    const uint64_t before = share;
    bool blocked = false;
    bool alive = true;
    while (alive && !blocked && !connection->output_empty()) {
      if (connection->output[connection->output_head].kind != OutputItem::Kind::kRegion) {
        alive = send_bytes(*connection, &blocked);
      } else if (share == 0) {
        break;
      } else {
        alive = send_region(*connection, &share, &blocked);
      }
    }
    budget -= before - share;
    if (!alive) continue;
    if (blocked) connection->writable = false;
    else if (!connection->output_empty()) queue_write(*connection);
    else after_output(*connection);
  }
}

// Sends the bytes up to the next region as one message. False when the connection was closed.
bool SocketLayer::send_bytes(Connection& connection, bool* blocked) {
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
  if (sent == -EAGAIN) {
    *blocked = true;
    return true;
  }
  if (sent == -EINTR) return true;
  if (sent < 0) {
    close_connection(connection, Reason::kReset, static_cast<int>(-sent));
    return false;
  }
  counters_.bytes_out += sent;
  output_taken(connection, sent);
  *blocked = static_cast<size_t>(sent) < total;
  return true;
}

// False when the connection was closed: a promised region that cannot be sent leaves the peer with half a frame.
bool SocketLayer::send_region(Connection& connection, uint64_t* budget, bool* blocked) {
  OutputItem& item = connection.output[connection.output_head];
  const size_t wanted = static_cast<size_t>(std::min(item.length, *budget));
  off_t position = static_cast<off_t>(item.position);
  const int file = item.file->fd.get();
  const int64_t sent = timed(environment_.latencies, Syscall::kSendfile,
                             [&] { return sendfile(connection.fd.get(), file, &position, wanted); });
  if (sent == -EAGAIN) {
    *blocked = true;
    return true;
  }
  if (sent == -EINTR) return true;
  // 0 is the end of the file inside the promised region.
  if (sent <= 0) {
    const int error = sent == 0 ? ENODATA : static_cast<int>(-sent);
    const bool of_peer = error == EPIPE || error == ECONNRESET;
    if (!of_peer) push_row(RowKind::kRegionFailed, connection.id, error, static_cast<int32_t>(item.position >> 32),
                           static_cast<int32_t>(item.position));
    close_connection(connection, of_peer ? Reason::kReset : Reason::kRegionFailed, error);
    return false;
  }
  counters_.bytes_out += sent;
  counters_.region_bytes_out += sent;
  *budget -= sent;
  output_taken(connection, sent);
  return true;
}

void SocketLayer::output_taken(Connection& connection, uint64_t count) {
  connection.output_bytes -= count;
  connection.output_ms = connection.activity_ms = uv_now(environment_.loop);
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
    if (connection.output.capacity() > 64) connection.output.shrink_to_fit();
  }
  if (connection.output_full && connection.output_bytes <= limits_.output_bytes_max / 2) {
    connection.output_full = false;
    if (connection.readable) queue_read(connection);
  }
}

// The arena is used again in the next turn: what the kernel did not take is copied.
void SocketLayer::keep_arena_bytes() {
  for (const int32_t id : touched_) {
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    for (size_t i = connection->output_head; i < connection->output.size(); i++) {
      OutputItem& item = connection->output[i];
      if (item.kind != OutputItem::Kind::kArena) continue;
      item.owned.reset(new uint8_t[item.length]);
      memcpy(item.owned.get(), arena_ + item.position, item.length);
      item.kind = OutputItem::Kind::kOwned;
      item.position = 0;
    }
  }
}

void SocketLayer::after_output(Connection& connection) {
  if (connection.closing && !connection.lingering) begin_linger(connection);
}

// close(2) with unread input resets the connection and may destroy answers in flight: say FIN, read to the peer's end.
void SocketLayer::begin_linger(Connection& connection) {
  if (connection.peer_ended) return close_connection(connection, Reason::kLocal, 0);
  shutdown(connection.fd.get(), SHUT_WR);
  connection.lingering = true;
  connection.input_ms = uv_now(environment_.loop);
  connection.readable = true;
  queue_read(connection);
}

void SocketLayer::close_connection(Connection& connection, Reason reason, int error) {
  push_row(RowKind::kClose, connection.id, static_cast<int32_t>(reason), error, 0);
  if (connection.slab >= 0) environment_.slabs.unpin(connection.slab);
  auto from_address = per_address_.find(connection.remote_address);
  if (from_address != per_address_.end() && --from_address->second == 0) per_address_.erase(from_address);
  const int32_t slot = connection.id & ((1 << 20) - 1);
  generations_[slot] = (generations_[slot] + 1) & ((1 << 10) - 1);
  free_slots_.push_back(slot);
  connection_count_--;
  counters_.closed++;
  // Last: it holds `connection`.
  connections_[slot].reset();
}

void SocketLayer::queue_read(Connection& connection) {
  if (connection.in_read_queue) return;
  connection.in_read_queue = true;
  read_queue_.push_back(connection.id);
}

void SocketLayer::queue_write(Connection& connection) {
  if (connection.in_write_queue) return;
  connection.in_write_queue = true;
  write_queue_.push_back(connection.id);
}

}  // namespace sluice
