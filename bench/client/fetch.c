#define _GNU_SOURCE
#include <sys/epoll.h>

#include "../common/fail.h"
#include "../common/record_batch.h"
#include "answers.h"
#include "histogram.h"
#include "modes.h"
#include "window.h"

enum { events_max = 256, max_wait_ms = 500 };

/* Where one connection reads: at the high watermark it starts again at offset 0. */
struct cursor {
  int64_t offset;
  int32_t session_id;
  int32_t session_epoch;
};

struct fetch_load {
  const struct options *options;
  struct connection *connections;
  struct cursor *cursors;
  struct frame frame;
  int epoll;
  uint64_t requests;
  uint64_t bytes;
  uint64_t batches;
  struct histogram latency;
};

static void ask(struct fetch_load *load, struct connection *connection, uint64_t now) {
  const struct cursor *cursor = &load->cursors[connection->index];
  uint8_t *slot = connection_slot(connection, connection->queued);
  store_32(slot + load->frame.partition_at, (uint32_t)(connection->index % load->options->partitions));
  store_64(slot + load->frame.offset_at, (uint64_t)cursor->offset);
  store_32(slot + load->frame.session_id_at, (uint32_t)cursor->session_id);
  store_32(slot + load->frame.session_epoch_at, (uint32_t)cursor->session_epoch);
  connection_queue(connection, now);
  connection_flush(connection);
}

static void take_answer(struct fetch_load *load, struct connection *connection, struct reader *answer, bool counted) {
  struct cursor *cursor = &load->cursors[connection->index];
  struct fetched fetched = read_fetch_answer(answer);
  struct reader records = {fetched.records, fetched.records + fetched.length, false};
  const uint8_t *batch;
  size_t length;
  uint64_t batches = 0;
  while ((batch = next_batch(&records, &length)) != NULL) {
    int64_t base_offset = (int64_t)load_64(batch + batch_base_offset_at);
    if (batches == 0 ? base_offset > cursor->offset : base_offset != cursor->offset) {
      fail("load: got offset %lld where %lld was due", (long long)base_offset, (long long)cursor->offset);
    }
    if (load->options->check_crc) check_batch_crc(batch, length);
    cursor->offset = base_offset + load_32(batch + batch_last_offset_delta_at) + 1;
    batches++;
  }
  if (batches == 0) fail("load: a fetch below the high watermark brought no batch");
  if (cursor->offset >= fetched.high_watermark) cursor->offset = 0;
  if (load->options->sessions) {
    cursor->session_id = fetched.session_id;
    cursor->session_epoch++;
  }
  if (!counted) return;
  load->requests++;
  load->batches += batches;
  load->bytes += fetched.length;
}

static void turn(struct fetch_load *load, bool counted) {
  struct epoll_event events[events_max];
  int count = epoll_wait(load->epoll, events, events_max, 100);
  for (int index = 0; index < count; index++) {
    struct connection *connection = events[index].data.ptr;
    struct reader answer;
    connection_flush(connection);
    if (!(events[index].events & ~(uint32_t)EPOLLOUT)) continue;
    connection_receive(connection);
    if (!connection_next_answer(connection, &answer)) continue;
    uint64_t now = now_ns();
    take_answer(load, connection, &answer, counted);
    if (counted) histogram_add(&load->latency, now - connection->queued_at[0]);
    ask(load, connection, now);
  }
}

static struct fetch_load prepare(const struct options *options) {
  struct fetch_load load = {.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC)};
  load.frame = fetch_frame(&(struct fetch_shape){options->topic, max_wait_ms, 1, options->fetch_bytes});
  load.connections = calloc((size_t)options->connections, sizeof *load.connections);
  load.cursors = calloc((size_t)options->connections, sizeof *load.cursors);
  for (int index = 0; index < options->connections; index++) {
    struct connection *connection = &load.connections[index];
    *connection = connection_open(options, (size_t)options->fetch_bytes + (1 << 20));
    connection->index = index;
    connection_set_ring(connection, &load.frame, 1);
    load.cursors[index].session_epoch = options->sessions ? 0 : -1;
    if (index == 0 && !options->bare) check_api_versions(connection, options);
    connection_watch(connection, load.epoll);
  }
  return load;
}

void run_fetch(const struct options *options) {
  if (options->in_flight != 1) fail("load: a consumer has one Fetch in flight");
  struct fetch_load load = prepare(options);
  struct window window = window_plan(options->server_pid, now_ns(), options->warm_up_seconds, options->seconds);
  for (int index = 0; index < options->connections; index++) ask(&load, &load.connections[index], now_ns());
  enum window_state state = window_warm_up;
  while (state != window_closed) {
    turn(&load, state == window_open);
    state = window_tick(&window, now_ns());
  }
  double seconds = window_seconds(&window);
  double server_micros = (double)(window.at_end.server_ns - window.at_begin.server_ns) / 1e3;
  printf("{\"mode\":\"fetch\",\"requests\":%llu,\"requestsPerSecond\":%.0f,", (unsigned long long)load.requests,
         (double)load.requests / seconds);
  printf("\"bytesPerRequest\":%.0f,\"batchesPerRequest\":%.2f,\"megabytesPerSecond\":%.1f,",
         (double)load.bytes / (double)load.requests, (double)load.batches / (double)load.requests,
         (double)load.bytes / seconds / 1e6);
  printf("\"serverCpuMicrosPerRequest\":%.3f,", load.requests > 0 ? server_micros / (double)load.requests : 0);
  window_print(stdout, &window);
  printf(",");
  histogram_print(stdout, "latencyMs", &load.latency);
  printf("}\n");
  for (int index = 0; index < options->connections; index++) connection_close(&load.connections[index]);
}
