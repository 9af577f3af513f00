#define _GNU_SOURCE
#include <sys/epoll.h>

#include "../common/fail.h"
#include "answers.h"
#include "histogram.h"
#include "modes.h"
#include "window.h"

enum { events_max = 256, answer_buffer_bytes = 256 << 10 };

struct produce_load {
  const struct options *options;
  struct connection *connections;
  int epoll;
  struct frame frame;
  struct batch_shape shape;
  /* Requests that one connection may queue in all; preload ends there. */
  uint64_t *limits;
  uint64_t requests;
  struct histogram latency;
};

/* With more partitions than connections a connection visits its share in turn; else it keeps to one. */
static int partitions_of(const struct options *options, int connection) {
  if (options->partitions <= options->connections) return 1;
  return (options->partitions - connection + options->connections - 1) / options->connections;
}

static int partition_for(const struct options *options, const struct connection *connection) {
  if (options->partitions <= options->connections) return connection->index % options->partitions;
  uint64_t turn = connection->queued % (uint64_t)partitions_of(options, connection->index);
  return connection->index + (int)turn * options->connections;
}

static void fill(struct produce_load *load, struct connection *connection, uint64_t now) {
  while (connection_unanswered(connection) < connection->ring_slots &&
         connection->queued < load->limits[connection->index]) {
    uint8_t *slot = connection_slot(connection, connection->queued);
    store_32(slot + load->frame.partition_at, (uint32_t)partition_for(load->options, connection));
    connection_queue(connection, now);
  }
  connection_flush(connection);
}

static void take_answers(struct produce_load *load, struct connection *connection, uint64_t now, bool counted) {
  struct reader answer;
  while (connection_next_answer(connection, &answer)) {
    read_produce_answer(&answer);
    if (!counted) continue;
    load->requests++;
    histogram_add(&load->latency, now - connection->queued_at[(connection->answered - 1) % connection->ring_slots]);
  }
}

static struct produce_load prepare(const struct options *options, uint64_t limit_per_partition) {
  struct produce_load load = {.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC)};
  load.shape = batch_shape_for(options->batch_bytes, options->value_bytes);
  load.frame = produce_frame(&(struct produce_shape){
      options->topic, options->produce_version, options->acks, load.shape.records, options->value_bytes});
  load.connections = calloc((size_t)options->connections, sizeof *load.connections);
  load.limits = calloc((size_t)options->connections, sizeof *load.limits);
  for (int index = 0; index < options->connections; index++) {
    struct connection *connection = &load.connections[index];
    *connection = connection_open(options, answer_buffer_bytes);
    connection->index = index;
    connection_set_ring(connection, &load.frame, (size_t)options->in_flight);
    uint64_t share = (uint64_t)partitions_of(options, index);
    load.limits[index] = limit_per_partition == UINT64_MAX ? UINT64_MAX : limit_per_partition * share;
    if (index == 0 && !options->bare) check_api_versions(connection, options);
    connection_watch(connection, load.epoll);
  }
  return load;
}

/* One turn: answers first, then as many new requests as answers came, sent together. */
static void turn(struct produce_load *load, bool counted) {
  struct epoll_event events[events_max];
  int count = epoll_wait(load->epoll, events, events_max, 100);
  uint64_t now = now_ns();
  for (int index = 0; index < count; index++) {
    struct connection *connection = events[index].data.ptr;
    if (events[index].events & ~(uint32_t)EPOLLOUT) {
      connection_receive(connection);
      take_answers(load, connection, now, counted);
    }
    fill(load, connection, now);
  }
}

static void release(struct produce_load *load) {
  for (int index = 0; index < load->options->connections; index++) connection_close(&load->connections[index]);
}

void run_produce(const struct options *options) {
  struct produce_load load = prepare(options, UINT64_MAX);
  struct window window = window_plan(options->server_pid, now_ns(), options->warm_up_seconds, options->seconds);
  for (int index = 0; index < options->connections; index++) fill(&load, &load.connections[index], now_ns());
  enum window_state state = window_warm_up;
  while (state != window_closed) {
    turn(&load, state == window_open);
    state = window_tick(&window, now_ns());
  }
  double seconds = window_seconds(&window);
  double server_micros = (double)(window.at_end.server_ns - window.at_begin.server_ns) / 1e3;
  printf("{\"mode\":\"produce\",\"batchBytes\":%zu,\"recordsPerBatch\":%d,\"requests\":%llu,", load.shape.length,
         load.shape.records, (unsigned long long)load.requests);
  printf("\"requestsPerSecond\":%.0f,\"recordsPerSecond\":%.0f,\"megabytesPerSecond\":%.1f,",
         (double)load.requests / seconds, (double)load.requests * load.shape.records / seconds,
         (double)load.requests * (double)load.shape.length / seconds / 1e6);
  printf("\"serverCpuMicrosPerRequest\":%.3f,", load.requests > 0 ? server_micros / (double)load.requests : 0);
  window_print(stdout, &window);
  printf(",");
  histogram_print(stdout, "latencyMs", &load.latency);
  printf("}\n");
  release(&load);
}

static bool finished(const struct produce_load *load) {
  for (int index = 0; index < load->options->connections; index++) {
    if (load->connections[index].answered < load->limits[index]) return false;
  }
  return true;
}

void run_preload(const struct options *options) {
  if (options->connections > options->partitions) fail("load: preload needs at most one connection a partition");
  struct produce_load load = prepare(options, (uint64_t)options->batches);
  uint64_t started = now_ns();
  for (int index = 0; index < options->connections; index++) fill(&load, &load.connections[index], now_ns());
  while (!finished(&load)) turn(&load, true);
  printf("{\"mode\":\"preload\",\"batchBytes\":%zu,\"recordsPerBatch\":%d,\"requests\":%llu,\"seconds\":%.3f}\n",
         load.shape.length, load.shape.records, (unsigned long long)load.requests,
         (double)(now_ns() - started) / 1e9);
  release(&load);
}
