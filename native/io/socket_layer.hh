// The framed socket layer: owns its sockets, cuts what arrives into Kafka frames
// (int32 length + payload), sends ordered output of bytes and file regions.
//
// One private edge-triggered epoll set is watched by one uv_poll; every socket is
// registered once. A turn is: wait for nothing, take the edges, receive, call
// JavaScript once with rows, flush what it queued. Work left over by the
// fairness caps waits in queues and is taken up by a uv_idle in the next round of
// the loop. Everything runs on the event-loop thread.
//
// Frames lie in slabs: small ones in a shared arena slab that is used again in
// the next turn unless JavaScript pinned it, the rest in slabs of their own that
// grow with what has arrived, so that a claimed length costs nothing by itself.
//
// Rows to JavaScript, five integers: kind, connection, a, b, c.
#pragma once

#include <uv.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../environment.hh"
#include "socket_connection.hh"

namespace sluice {

struct SocketLimits {
  uint32_t frame_bytes_max = 0;
  uint32_t connections_max = 0;
  uint32_t connections_per_address_max = 0;
  uint64_t header_deadline_ms = 0;
  uint64_t body_deadline_ms = 0;
  uint64_t idle_ms = 0;
  uint64_t output_bytes_max = 0;
  uint64_t output_stall_ms = 0;
  int32_t send_buffer_bytes = -1;
  int32_t receive_buffer_bytes = -1;
  std::string congestion_control;
};

struct SocketCounters {
  uint64_t accepted = 0, refused = 0, closed = 0, frames_in = 0, bytes_in = 0, bytes_out = 0, region_bytes_out = 0,
           turns = 0;
};

enum class RowKind : int32_t { kFrame, kOpen, kPeerEnd, kClose, kRegionFailed };
// In the order of CLOSE_REASONS in native-transport.ts.
enum class Reason : int32_t {
  kPeer, kLocal, kReset, kFrameTooLarge, kFrameInvalid, kHeaderDeadline, kBodyDeadline, kIdle, kRegionFailed, kOutputStalled
};
enum class Command : int32_t { kBytes = 1, kRegion, kPause, kProducing, kCloseAfterOutput, kCloseNow };

class SocketLayer : public std::enable_shared_from_this<SocketLayer> {
 public:
  static constexpr size_t kRowInts = 5;
  static constexpr size_t kRows = 2048;
  static constexpr size_t kCommandInts = 6;

  SocketLayer(Environment& environment, SocketLimits limits);
  // 0 or -errno. The handles live until `close`.
  int open();
  // A port (0 picks one, `bound_port` tells), or -errno.
  int listen(const std::string& address, uint16_t port, int backlog, uint16_t* bound_port);
  // `deliver` is called with the number of rows in `rows()`.
  void start(std::function<void(size_t)> deliver);
  void stop_listening();
  void close();

  int32_t* rows() { return rows_; }
  // Where kArena items point; positions stay valid when the arena is replaced.
  void set_arena(const uint8_t* arena) { arena_ = arena; }
  // Queues what `count` commands say; nothing is sent yet.
  void execute(const int32_t* commands, size_t count);
  // Sends what was queued; what the kernel does not take is copied, so that the arena may be used again.
  void flush_output();

  Connection* find(int32_t id);
  size_t connection_count() const { return connection_count_; }
  const SocketCounters& counters() const { return counters_; }

 private:
  struct Listener {
    UniqueFd fd;
    bool pending = false;
  };
  struct Row {
    int32_t values[kRowInts];
  };

  void turn();
  void take_edges();
  void accept_pending();
  bool accept_one(Listener& listener, int32_t index);
  void admit(UniqueFd fd, int32_t listener, std::string address, uint16_t port);
  bool add_to_epoll(int fd, uint64_t key, uint32_t events);

  void receive_queued();
  bool may_read(const Connection& connection) const;
  void receive(Connection& connection);
  int64_t read_some(Connection& connection, size_t* requested);
  bool take_bytes(Connection& connection, size_t count);
  bool parse_arena(Connection& connection, uint32_t start, uint32_t end);
  bool begin_frame(Connection& connection, uint32_t frame_bytes, const uint8_t* part, uint32_t part_bytes);
  bool grow_frame(Connection& connection);
  void finish_frame(Connection& connection);
  bool prepare_arena(size_t byte_length);
  void release_turn_slabs();

  void queue_read(Connection& connection);
  void queue_write(Connection& connection);
  void add_output(Connection& connection, OutputItem item);
  void flush_queued();
  bool flush(Connection& connection);
  bool send_bytes(Connection& connection, bool* blocked);
  bool send_region(Connection& connection, uint64_t* budget, bool* blocked);
  void output_taken(Connection& connection, uint64_t count);
  void keep_arena_bytes();
  void after_output(Connection& connection);
  void begin_linger(Connection& connection);

  void close_connection(Connection& connection, Reason reason, int error);
  void push_row(RowKind kind, int32_t connection, int32_t a, int32_t b, int32_t c);
  void deliver_rows();
  void sweep();
  bool is_overdue(const Connection& connection, uint64_t now, Reason* reason) const;
  void update_idle();
  void update_stall_timer();

  Environment& environment_;
  const SocketLimits limits_;
  SocketCounters counters_;
  UniqueFd epoll_;
  // Held back so that a descriptor is left to accept and refuse with when the process runs out.
  UniqueFd reserve_;
  uv_poll_t poll_;
  uv_idle_t idle_;
  uv_timer_t sweep_timer_;
  uv_timer_t stall_timer_;
  bool open_ = false;
  bool started_ = false;
  bool in_turn_ = false;
  bool idle_active_ = false;
  std::function<void(size_t)> deliver_;
  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<int32_t> generations_;
  std::vector<int32_t> free_slots_;
  size_t connection_count_ = 0;
  std::unordered_map<std::string, uint32_t> per_address_;
  std::deque<int32_t> read_queue_;
  std::deque<int32_t> write_queue_;
  std::vector<int32_t> touched_;
  // Connections that wait for the slab pool to have room.
  std::vector<int32_t> stalled_;
  int32_t arena_slab_ = -1;
  uint32_t arena_used_ = 0;
  std::vector<int32_t> turn_slabs_;
  std::vector<Row> pending_rows_;
  int32_t rows_[kRowInts * kRows];
  const uint8_t* arena_ = nullptr;
};

}  // namespace sluice
