// The framed socket layer: owns its sockets, cuts what arrives into Kafka frames
// (int32 length + payload), sends ordered output of bytes and file regions.
//
// One private edge-triggered epoll set is watched by one uv_poll; every socket is
// registered once. A turn is: take the edges, accept, receive, call JavaScript
// once with rows, send. Work left over by the fairness caps waits in queues and
// is taken up by a uv_idle in the next round of the loop. Everything runs on the
// event-loop thread.
//
// Frames lie in slabs: small ones in a shared arena slab that is used again in
// the next turn unless JavaScript pinned it, the rest in slabs of their own that
// grow with what has arrived, so that a claimed length costs nothing by itself.
#pragma once

#include <uv.h>

#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../environment.hh"
#include "socket_connection.hh"
#include "socket_state.hh"

namespace sluice {

// Epoll keys from here on name listeners, below it connection ids.
constexpr uint64_t kListenerKey = uint64_t{1} << 40;

struct SocketLimits {
  uint32_t frame_bytes_max = 0;
  uint32_t connections_max = 0;
  uint32_t connections_per_address_max = 0;
  uint64_t header_deadline_ms = 0;
  uint64_t body_deadline_ms = 0;
  uint64_t idle_ms = 0;
  double output_bytes_max = 0;
  uint64_t output_stall_ms = 0;
  int32_t send_buffer_bytes = -1;
  int32_t receive_buffer_bytes = -1;
  std::string congestion_control;
};

struct SocketCounters {
  uint64_t accepted = 0, refused = 0, refused_no_descriptor = 0, closed = 0, frames_in = 0, bytes_in = 0,
           bytes_out = 0, region_bytes_out = 0, turns = 0;
};

// A region that could not be served as promised.
struct RegionFailure {
  std::string path;
  uint64_t position;
  uint64_t length;
};

class SocketLayer : public std::enable_shared_from_this<SocketLayer> {
 public:
  SocketLayer(Environment& environment, SocketLimits limits);
  // 0 or -errno. The uv handles live until `close`.
  int open();
  // A port (0 picks one, `bound_port` tells), or -errno.
  int listen(const std::string& address, uint16_t port, int backlog, uint16_t* bound_port);
  // `deliver` is called once a turn with the number of rows in `state().rows`.
  void start(std::function<void(size_t)> deliver);
  void stop_listening();
  // Closes every connection; JavaScript hears of it in the next turn.
  void close_connections();
  // Closes everything; JavaScript hears nothing more.
  void close();

  SocketState& state() { return *state_; }
  const RegionFailure* region_failure(size_t index) const {
    return index < failures_.size() ? &failures_[index] : nullptr;
  }
  // Where kArena items point; positions stay valid when the arena is replaced.
  void set_arena(const uint8_t* arena) { arena_ = arena; }
  // Queues what `count` commands say; nothing is sent yet.
  void execute(size_t count);
  // Sends what was queued; what the kernel does not take is copied, so that the arena may be used again.
  void flush_output();
  // Makes sure that there is a next turn, and that it calls JavaScript.
  void wake();

  Connection* find(int32_t id);
  size_t connection_count() const { return connection_count_; }
  const SocketCounters& counters() const { return counters_; }

 private:
  struct Listener {
    UniqueFd fd;
    bool pending = false;
  };
  struct Row {
    int32_t values[SocketState::kRowInts];
  };
  struct Free {
    void operator()(SocketState* state) const { std::free(state); }
  };
  // What became of a connection in a round of sending.
  enum class Sent { kAll, kBlocked, kSome, kNothing, kClosed };

  // socket_layer.cc: the turn, deadlines, the ends of connections
  void turn();
  void deliver_rows();
  void push_row(RowKind kind, int32_t connection, int32_t a = 0, int32_t b = 0, int32_t c = 0);
  void update_idle();
  void watch_budget();
  void look_at_budget();
  void sweep();
  bool is_overdue(const Connection& connection, uint64_t now, Reason* reason) const;
  void close_connection(Connection& connection, Reason reason, int error, int32_t claimed = 0);
  uint64_t now() const { return uv_now(environment_.loop); }

  // socket_accept.cc
  void accept_pending();
  bool accept_one(Listener& listener, int32_t index);
  bool refuse_without_descriptor(Listener& listener);
  void admit(UniqueFd fd, int32_t listener, std::string address, uint16_t port);
  bool add_to_epoll(int fd, uint64_t key, uint32_t events);
  int32_t take_slot();

  // socket_receive.cc
  void take_edges();
  void take_edge(Connection& connection, uint32_t events);
  void receive_queued();
  bool may_read(const Connection& connection) const;
  bool is_stalled(const Connection& connection) const;
  void receive(Connection& connection);
  void received_end(Connection& connection);
  int64_t read_some(Connection& connection, size_t* requested);
  bool take_bytes(Connection& connection, size_t count);
  bool parse_arena(Connection& connection, uint32_t start, uint32_t end);
  bool begin_frame(Connection& connection, uint32_t frame_bytes, const uint8_t* part, uint32_t part_bytes);
  bool grow_frame(Connection& connection);
  void finish_frame(Connection& connection);
  bool prepare_arena(size_t byte_length);
  void release_turn_slabs();
  void queue_read(Connection& connection);
  void resume(Connection& connection);

  // socket_send.cc
  void execute_one(const int32_t* command);
  void add_region(Connection& connection, const int32_t* command);
  void add_output(Connection& connection, OutputItem item);
  void touch(Connection& connection);
  void queue_write(Connection& connection, std::deque<int32_t>& queue);
  void flush_queued();
  void send_next(std::deque<int32_t>& queue, uint64_t* budget);
  Sent send_queued(Connection& connection, uint64_t* share);
  Sent send_bytes(Connection& connection);
  Sent send_region(Connection& connection, uint64_t* share);
  void fail_region(Connection& connection, int error);
  void output_taken(Connection& connection, uint64_t count);
  void keep_arena_bytes(Connection& connection);
  void begin_linger(Connection& connection);

  Environment& environment_;
  const SocketLimits limits_;
  const std::unique_ptr<SocketState, Free> state_;
  SocketCounters counters_;
  UniqueFd epoll_;
  // Held back so that a descriptor is left to accept and refuse with when the process runs out.
  UniqueFd reserve_;
  uv_poll_t poll_;
  uv_idle_t idle_;
  uv_prepare_t prepare_;
  uv_timer_t sweep_timer_;
  bool open_ = false;
  bool started_ = false;
  bool in_turn_ = false;
  bool idle_active_ = false;
  bool wake_ = false;
  bool flushed_ = false;
  std::function<void(size_t)> deliver_;

  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<int32_t> generations_;
  std::deque<int32_t> free_slots_;
  size_t connection_count_ = 0;
  std::unordered_map<std::string, uint32_t> per_address_;

  std::deque<int32_t> read_queue_;
  // Producing connections that wait for the slab pool to have room.
  std::vector<int32_t> stalled_;
  // Those with new output, and those that already had their share of an earlier turn.
  std::deque<int32_t> fresh_queue_;
  std::deque<int32_t> waiting_queue_;
  std::vector<int32_t> served_;
  // Those that may have arena items.
  std::vector<int32_t> touched_;

  int32_t arena_slab_ = -1;
  uint32_t arena_used_ = 0;
  std::vector<int32_t> turn_slabs_;
  std::vector<Row> pending_rows_;
  std::vector<RegionFailure> failures_;
  const uint8_t* arena_ = nullptr;
};

}  // namespace sluice
