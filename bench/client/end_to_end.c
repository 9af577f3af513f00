/*
 * Open loop: record number n is due at start + n / rate, whether or not the server keeps up, and goes alone in a request
 * to partition n % partitions. Its value carries the time it was due and its number in the partition; the consumer of
 * the partition measures from the due time to the receipt and checks that nothing is lost, doubled or out of order. A
 * producer that has too many requests unanswered stops sending, not counting: what waits grows older from its due time.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "../common/fail.h"
#include "../common/record_batch.h"
#include "answers.h"
#include "histogram.h"
#include "modes.h"
#include "window.h"

enum { events_max = 64, max_wait_ms = 500, partition_max_bytes = 1 << 20, buffer_bytes = 4 << 20, drain_seconds = 5 };

struct consumer {
  struct connection connection;
  int64_t offset;
  int32_t session_id;
  int32_t session_epoch;
  uint64_t received;
};

struct end_to_end_load {
  const struct options *options;
  int epoll;
  struct connection *producers;
  struct consumer *consumers;
  struct frame produce_frame;
  struct frame fetch_frame;
  uint64_t started_at;
  uint64_t due;
  uint64_t answered;
  uint64_t received;
  uint64_t received_in_window;
  struct window window;
  struct histogram latency;
  struct histogram ack_latency;
};

static uint64_t due_time(const struct end_to_end_load *load, uint64_t number) {
  return load->started_at + (uint64_t)((double)number * 1e9 / load->options->rate);
}

static void queue_record(struct end_to_end_load *load, struct connection *producer, uint64_t due_at) {
  uint8_t *batch = connection_slot(producer, producer->queued) + load->produce_frame.batch_at;
  store_64(batch + single_value_at, due_at);
  store_64(batch + single_value_at + 8, producer->queued);
  seal_batch(batch, load->produce_frame.batch_length);
  connection_queue(producer, due_at);
}

/* Sends what is due; returns the time at which the next record is, 0 when a producer has to wait for answers. */
static uint64_t send_due(struct end_to_end_load *load, uint64_t now) {
  int partitions = load->options->partitions;
  uint64_t due_at = due_time(load, load->due);
  while (due_at <= now) {
    struct connection *producer = &load->producers[load->due % (uint64_t)partitions];
    if (connection_unanswered(producer) == producer->ring_slots) break;
    queue_record(load, producer, due_at);
    load->due++;
    due_at = due_time(load, load->due);
  }
  for (int index = 0; index < partitions; index++) connection_flush(&load->producers[index]);
  return due_at <= now ? 0 : due_at;
}

static bool in_window(const struct end_to_end_load *load, uint64_t due_at) {
  return load->window.state != window_warm_up && due_at >= load->window.begins_at && due_at < load->window.ends_at;
}

static void take_acks(struct end_to_end_load *load, struct connection *producer) {
  struct reader answer;
  connection_receive(producer);
  uint64_t now = now_ns();
  while (connection_next_answer(producer, &answer)) {
    read_produce_answer(&answer);
    uint64_t due_at = producer->queued_at[(producer->answered - 1) % producer->ring_slots];
    load->answered++;
    if (in_window(load, due_at)) histogram_add(&load->ack_latency, now - due_at);
  }
}

static void poll_again(struct end_to_end_load *load, struct consumer *consumer) {
  struct connection *connection = &consumer->connection;
  uint8_t *slot = connection_slot(connection, connection->queued);
  store_32(slot + load->fetch_frame.partition_at, (uint32_t)connection->index);
  store_64(slot + load->fetch_frame.offset_at, (uint64_t)consumer->offset);
  store_32(slot + load->fetch_frame.session_id_at, (uint32_t)consumer->session_id);
  store_32(slot + load->fetch_frame.session_epoch_at, (uint32_t)consumer->session_epoch);
  connection_queue(connection, 0);
  connection_flush(connection);
}

static void take_record(struct end_to_end_load *load, struct consumer *consumer, const uint8_t *batch, uint64_t now) {
  uint64_t due_at = load_64(batch + single_value_at);
  uint64_t number = load_64(batch + single_value_at + 8);
  if (number != consumer->received) {
    fail("load: partition %d brought record %llu where %llu was due", consumer->connection.index,
         (unsigned long long)number, (unsigned long long)consumer->received);
  }
  consumer->received++;
  load->received++;
  consumer->offset = (int64_t)load_64(batch + batch_base_offset_at) + 1;
  if (load->window.state == window_open) load->received_in_window++;
  if (in_window(load, due_at)) histogram_add(&load->latency, now - due_at);
}

static void take_records(struct end_to_end_load *load, struct consumer *consumer) {
  struct reader answer;
  connection_flush(&consumer->connection);
  connection_receive(&consumer->connection);
  if (!connection_next_answer(&consumer->connection, &answer)) return;
  uint64_t now = now_ns();
  struct fetched fetched = read_fetch_answer(&answer);
  struct reader records = {fetched.records, fetched.records + fetched.length, false};
  const uint8_t *batch;
  size_t length;
  while ((batch = next_batch(&records, &length)) != NULL) {
    if (length != load->produce_frame.batch_length) fail("load: fetched a batch that the load did not send");
    if (load->options->check_crc) check_batch_crc(batch, length);
    take_record(load, consumer, batch, now);
  }
  if (load->options->sessions) {
    consumer->session_id = fetched.session_id;
    consumer->session_epoch++;
  }
  poll_again(load, consumer);
}

static bool is_producer(const struct end_to_end_load *load, const struct connection *connection) {
  return connection >= load->producers && connection < load->producers + load->options->partitions;
}

static void turn(struct end_to_end_load *load, uint64_t wake_at) {
  uint64_t now = now_ns();
  uint64_t wait_ns = wake_at > now ? wake_at - now : 0;
  if (wake_at == 0) wait_ns = 1000000;
  struct timespec timeout = {(time_t)(wait_ns / 1000000000ull), (long)(wait_ns % 1000000000ull)};
  struct epoll_event events[events_max];
  int count = epoll_pwait2(load->epoll, events, events_max, &timeout, NULL);
  if (count < 0) fail_errno("load: epoll_pwait2");
  for (int index = 0; index < count; index++) {
    struct connection *connection = events[index].data.ptr;
    if (!(events[index].events & ~(uint32_t)EPOLLOUT)) {
      connection_flush(connection);
    } else if (is_producer(load, connection)) {
      take_acks(load, connection);
    } else {
      take_records(load, (struct consumer *)connection);
    }
  }
}

static struct end_to_end_load prepare(const struct options *options) {
  struct end_to_end_load load = {.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC)};
  load.produce_frame = produce_frame(
      &(struct produce_shape){options->topic, options->produce_version, options->acks, 1, options->value_bytes});
  load.fetch_frame = fetch_frame(&(struct fetch_shape){options->topic, max_wait_ms, 1, partition_max_bytes});
  load.producers = calloc((size_t)options->partitions, sizeof *load.producers);
  load.consumers = calloc((size_t)options->partitions, sizeof *load.consumers);
  for (int index = 0; index < options->partitions; index++) {
    struct connection *producer = &load.producers[index];
    *producer = connection_open(options, buffer_bytes);
    producer->index = index;
    connection_set_ring(producer, &load.produce_frame, (size_t)options->unanswered_max);
    for (size_t slot = 0; slot < producer->ring_slots; slot++) {
      store_32(producer->ring + slot * producer->frame_length + load.produce_frame.partition_at, (uint32_t)index);
    }
    if (index == 0 && !options->bare) check_api_versions(producer, options);
    connection_watch(producer, load.epoll);
    struct consumer *consumer = &load.consumers[index];
    consumer->connection = connection_open(options, buffer_bytes);
    consumer->connection.index = index;
    consumer->session_epoch = options->sessions ? 0 : -1;
    connection_set_ring(&consumer->connection, &load.fetch_frame, 1);
    connection_watch(&consumer->connection, load.epoll);
  }
  return load;
}

static void drain(struct end_to_end_load *load) {
  uint64_t give_up_at = now_ns() + drain_seconds * 1000000000ull;
  while ((load->received < load->due || load->answered < load->due) && now_ns() < give_up_at) {
    for (int index = 0; index < load->options->partitions; index++) connection_flush(&load->producers[index]);
    turn(load, 0);
  }
}

static void print_result(const struct end_to_end_load *load) {
  double seconds = window_seconds(&load->window);
  double server_micros = (double)(load->window.at_end.server_ns - load->window.at_begin.server_ns) / 1e3;
  double achieved = (double)load->received_in_window / seconds;
  uint64_t lost = load->due - load->received;
  bool held = achieved >= 0.99 * load->options->rate && lost == 0;
  printf("{\"mode\":\"e2e\",\"rate\":%d,\"achievedPerSecond\":%.0f,\"held\":%s,\"sent\":%llu,\"notReceived\":%llu,",
         load->options->rate, achieved, held ? "true" : "false", (unsigned long long)load->due,
         (unsigned long long)lost);
  printf("\"serverCpuMicrosPerRecord\":%.3f,",
         load->received_in_window > 0 ? server_micros / (double)load->received_in_window : 0);
  window_print(stdout, &load->window);
  printf(",");
  histogram_print(stdout, "latencyMs", &load->latency);
  printf(",");
  histogram_print(stdout, "ackLatencyMs", &load->ack_latency);
  printf("}\n");
}

void run_end_to_end(const struct options *options) {
  if (options->value_bytes < 64 || options->value_bytes > 8191) fail("load: e2e values have 64 to 8191 bytes");
  /* A timer that fires 50 µs late would be counted as latency of the server. */
  prctl(PR_SET_TIMERSLACK, 1);
  struct end_to_end_load load = prepare(options);
  for (int index = 0; index < options->partitions; index++) poll_again(&load, &load.consumers[index]);
  load.started_at = now_ns();
  load.window = window_plan(options->server_pid, load.started_at, options->warm_up_seconds, options->seconds);
  while (window_tick(&load.window, now_ns()) != window_closed) turn(&load, send_due(&load, now_ns()));
  drain(&load);
  print_result(&load);
  for (int index = 0; index < options->partitions; index++) {
    connection_close(&load.producers[index]);
    connection_close(&load.consumers[index].connection);
  }
}
