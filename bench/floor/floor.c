/*
 * The floor: the least a server can do for Produce and Fetch. One thread, one edge-triggered epoll set, real Kafka frames
 * (Produce 9 to 12 and Fetch 12, one topic and one partition a request), CRC-32C checked, base offset assigned, one
 * pwritev per file and turn, header plus sendfile. It validates nothing else, keeps no index, and ends at the first
 * thing it does not expect: it is a measure, not a broker.
 *
 * One turn is: receive once from every ready connection, parse what is complete, write every touched file, answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../common/crc32c.h"
#include "../common/fail.h"
#include "../common/record_batch.h"
#include "../common/wire.h"
#include "partition_file.h"

enum { input_bytes = 4 << 20, frame_bytes_max = 1 << 20, output_bytes = 64 << 10, events_max = 256, partitions_max = 1024, retain_every_ms = 500 };

struct connection {
  int fd;
  bool readable;
  bool listed;
  bool gone;
  bool corked;
  size_t input_start;
  size_t input_end;
  uint8_t *input;
  struct writer output;
  size_t output_sent;
  /* A fetch answer in progress: output holds its header, then the region, then `trailer_left` zero bytes. */
  struct file_region region;
  size_t trailer_left;
};

/*
 * The congestion control that costs least on loopback and needs no privilege. Against BBR it saves a third of the CPU
 * time at 256 KB a fetch.
 */
static const char congestion_control[] = "reno";

/* What closes a Fetch 12 answer after its records: three empty tag sections (partition, topic, response). */
static const uint8_t fetch_trailer[3];

static struct partition *partitions[partitions_max];
static struct partition *touched[partitions_max];
static int touched_count;
static struct connection **ready;
static int ready_count;
static int ready_capacity;
static struct retention retention = {64 << 20, 128 << 20};
static const char *data_directory;
static volatile sig_atomic_t stopping;

static struct partition *partition_of(int32_t index) {
  if (index < 0 || index >= partitions_max) fail("floor: partition %d out of range", index);
  if (partitions[index] == NULL) partitions[index] = partition_open(data_directory, index);
  return partitions[index];
}

static void list_ready(struct connection *connection) {
  if (connection->listed) return;
  if (ready_count == ready_capacity) {
    ready_capacity = ready_capacity == 0 ? 64 : 2 * ready_capacity;
    ready = realloc(ready, sizeof *ready * (size_t)ready_capacity);
  }
  connection->listed = true;
  ready[ready_count++] = connection;
}

static void open_connection(int epoll, int fd) {
  struct connection *connection = calloc(1, sizeof *connection);
  connection->fd = fd;
  connection->input = mmap(NULL, input_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  connection->output = (struct writer){malloc(output_bytes), 0, output_bytes};
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = connection}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail_errno("floor: epoll_ctl");
}

static void close_connection(struct connection *connection) {
  close(connection->fd);
  munmap(connection->input, input_bytes);
  free(connection->output.bytes);
  free(connection);
}

static void answer_produce(struct connection *connection, struct reader *request, int32_t correlation) {
  skip_compact(request);
  read_16(request);
  read_32(request);
  uint32_t topics = read_compact_length(request);
  uint32_t name_length = read_compact_length(request);
  const uint8_t *name = read_bytes(request, name_length);
  uint32_t partition_count = read_compact_length(request);
  int32_t index = read_32(request);
  uint32_t length = read_compact_length(request);
  uint8_t *batch = (uint8_t *)read_bytes(request, length);
  if (request->failed || topics != 1 || partition_count != 1 || length < batch_header_bytes) {
    fail("floor: a produce request is not one batch for one partition");
  }
  if (load_32(batch + batch_crc_at) != crc32c(batch + batch_attributes_at, length - batch_attributes_at)) {
    fail("floor: wrong CRC");
  }
  struct partition *partition = partition_of(index);
  if (partition->pending_count == 0) touched[touched_count++] = partition;
  int64_t base_offset = partition_append(partition, &retention, batch, length);

  struct writer *output = &connection->output;
  size_t start = output->length;
  write_32(output, 0);
  write_32(output, correlation);
  write_8(output, 0);
  write_varint(output, 2);
  write_varint(output, name_length + 1);
  write_bytes(output, name, name_length);
  write_varint(output, 2);
  write_32(output, index);
  write_16(output, 0);
  write_64(output, base_offset);
  write_64(output, -1);
  write_64(output, partition_start_offset(partition));
  write_varint(output, 1);
  write_varint(output, 0);
  write_16(output, 0);
  write_32(output, 0);
  write_8(output, 0);
  store_32(output->bytes + start, (uint32_t)(output->length - start - 4));
}

struct fetch_target {
  const uint8_t *name;
  uint32_t name_length;
  int32_t index;
  int64_t offset;
  size_t max_bytes;
};

static struct fetch_target read_fetch(struct reader *request) {
  struct fetch_target target;
  read_bytes(request, 4 + 4 + 4 + 4 + 1 + 4 + 4);
  uint32_t topics = read_compact_length(request);
  target.name_length = read_compact_length(request);
  target.name = read_bytes(request, target.name_length);
  uint32_t partition_count = read_compact_length(request);
  target.index = read_32(request);
  read_32(request);
  target.offset = read_64(request);
  read_bytes(request, 4 + 8);
  target.max_bytes = (size_t)read_32(request);
  if (request->failed || topics != 1 || partition_count != 1) fail("floor: a fetch request is not for one partition");
  return target;
}

static void answer_fetch(struct connection *connection, struct reader *request, int32_t correlation) {
  struct fetch_target target = read_fetch(request);
  const struct partition *partition = partition_of(target.index);
  struct file_region region = partition_locate(partition, target.offset, target.max_bytes);

  struct writer *output = &connection->output;
  size_t start = output->length;
  write_32(output, 0);
  write_32(output, correlation);
  write_8(output, 0);
  write_32(output, 0);
  write_16(output, 0);
  write_32(output, 0);
  write_varint(output, 2);
  write_varint(output, target.name_length + 1);
  write_bytes(output, target.name, target.name_length);
  write_varint(output, 2);
  write_32(output, target.index);
  write_16(output, 0);
  write_64(output, partition->next_offset);
  write_64(output, partition->next_offset);
  write_64(output, partition_start_offset(partition));
  write_varint(output, 0);
  write_32(output, -1);
  write_varint(output, (uint32_t)region.length + 1);
  size_t frame_length = output->length - start - 4 + region.length + sizeof fetch_trailer;
  store_32(output->bytes + start, (uint32_t)frame_length);
  connection->region = region;
  connection->trailer_left = sizeof fetch_trailer;
}

static void answer(struct connection *connection, const uint8_t *payload, size_t length) {
  struct reader request = {payload, payload + length, false};
  int16_t api = read_16(&request);
  int16_t version = read_16(&request);
  int32_t correlation = read_32(&request);
  skip_string(&request);
  skip_tags(&request);
  if (api == api_produce && version >= 9 && version <= 12) {
    answer_produce(connection, &request, correlation);
  } else if (api == api_fetch && version == 12) {
    answer_fetch(connection, &request, correlation);
  } else {
    fail("floor: api %d version %d is not served", api, version);
  }
}

/* Answers every complete frame; a fetch answer in progress holds back what follows it. */
static void answer_frames(struct connection *connection) {
  while (connection->trailer_left == 0) {
    size_t available = connection->input_end - connection->input_start;
    if (available < 4) return;
    const uint8_t *frame = connection->input + connection->input_start;
    size_t length = load_32(frame);
    if (length + 4 > frame_bytes_max) fail("floor: a frame of %zu bytes", length);
    if (available < length + 4) return;
    if (output_bytes - connection->output.length < 1024) return;
    answer(connection, frame + 4, length);
    connection->input_start += length + 4;
  }
}

/* False when the peer is gone. A short read means drained: with edge triggering the next bytes make the next event. */
static bool receive(struct connection *connection) {
  size_t room = input_bytes - connection->input_end;
  if (!connection->readable || room == 0) return true;
  ssize_t received = recv(connection->fd, connection->input + connection->input_end, room, 0);
  if (received == 0) return false;
  if (received < 0) {
    if (errno != EAGAIN) return false;
    connection->readable = false;
    return true;
  }
  connection->input_end += (size_t)received;
  if ((size_t)received < room) connection->readable = false;
  return true;
}

/* Batches of this turn point into the input, so it may move only after the files were written. */
static void compact_input(struct connection *connection) {
  size_t left = connection->input_end - connection->input_start;
  if (left > 0 && input_bytes - connection->input_start >= frame_bytes_max) return;
  memmove(connection->input, connection->input + connection->input_start, left);
  connection->input_start = 0;
  connection->input_end = left;
}

enum send_outcome { send_done, send_blocked, send_failed };

static enum send_outcome sent_or(ssize_t result) {
  if (result >= 0) return send_done;
  return errno == EAGAIN ? send_blocked : send_failed;
}

/* Bytes that belong before a region wait for it (MSG_MORE). */
static enum send_outcome send_output(struct connection *connection) {
  struct writer *output = &connection->output;
  int flags = MSG_NOSIGNAL | (connection->trailer_left > 0 ? MSG_MORE : 0);
  while (connection->output_sent < output->length) {
    const uint8_t *from = output->bytes + connection->output_sent;
    ssize_t sent = send(connection->fd, from, output->length - connection->output_sent, flags);
    if (sent < 0) return sent_or(sent);
    connection->output_sent += (size_t)sent;
  }
  output->length = 0;
  connection->output_sent = 0;
  return send_done;
}

/*
 * sendfile pushes its last bytes out, and the trailer would wake the consumer a second time. A corked socket holds them
 * back, and setting TCP_NODELAY again pushes all there is without taking the cork out: a fifth less at 16 KB a fetch.
 */
static enum send_outcome send_region(struct connection *connection) {
  int on = 1;
  if (!connection->corked) setsockopt(connection->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  connection->corked = true;
  struct file_region *region = &connection->region;
  while (region->length > 0) {
    ssize_t sent = sendfile(connection->fd, region->fd, &region->position, region->length);
    if (sent < 0) return sent_or(sent);
    if (sent == 0) fail("floor: a segment is shorter than promised");
    region->length -= (size_t)sent;
  }
  while (connection->trailer_left > 0) {
    ssize_t sent = send(connection->fd, fetch_trailer, connection->trailer_left, MSG_NOSIGNAL);
    if (sent < 0) return sent_or(sent);
    connection->trailer_left -= (size_t)sent;
  }
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return send_done;
}

static enum send_outcome send_answers(struct connection *connection) {
  enum send_outcome outcome = send_output(connection);
  return outcome == send_done && connection->trailer_left > 0 ? send_region(connection) : outcome;
}

/* True while the connection has work that no new event will announce. */
static bool finish_turn(struct connection *connection) {
  enum send_outcome outcome = send_answers(connection);
  connection->gone = outcome == send_failed;
  if (connection->gone) return false;
  compact_input(connection);
  size_t available = connection->input_end - connection->input_start;
  bool frame_waits = available >= 4 && available >= load_32(connection->input + connection->input_start) + 4ul;
  return outcome == send_done && (connection->readable || frame_waits);
}

static void turn(void) {
  int count = ready_count;
  for (int index = 0; index < count; index++) {
    struct connection *connection = ready[index];
    connection->gone = !receive(connection);
    answer_frames(connection);
  }
  for (int index = 0; index < touched_count; index++) partition_flush(touched[index]);
  touched_count = 0;
  int kept = 0;
  for (int index = 0; index < count; index++) {
    struct connection *connection = ready[index];
    bool unfinished = !connection->gone && finish_turn(connection);
    if (connection->gone) {
      close_connection(connection);
    } else if (unfinished) {
      ready[kept++] = connection;
    } else {
      connection->listed = false;
    }
  }
  ready_count = kept;
}

static void handle_signal(int signal) {
  (void)signal;
  stopping = 1;
}

static int listen_on(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail_errno("floor: bind");
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion_control, sizeof congestion_control - 1) != 0) {
    fail_errno("floor: TCP_CONGESTION");
  }
  if (listen(fd, 1024) != 0) fail_errno("floor: listen");
  return fd;
}

static int start_retention_timer(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct timespec every = {0, retain_every_ms * 1000000l};
  struct itimerspec timer = {every, every};
  if (fd < 0 || timerfd_settime(fd, 0, &timer, NULL) != 0) fail_errno("floor: timerfd");
  return fd;
}

static void watch(int epoll, int *fd) {
  struct epoll_event event = {EPOLLIN, {.ptr = fd}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, *fd, &event) != 0) fail_errno("floor: epoll_ctl");
}

static void accept_all(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      open_connection(epoll, fd);
    } else if (errno == EAGAIN) {
      return;
    } else {
      fail_errno("floor: accept");
    }
  }
}

static void retain_all(int timer) {
  uint64_t expirations;
  if (read(timer, &expirations, sizeof expirations) < 0) return;
  for (int index = 0; index < partitions_max; index++) {
    if (partitions[index] != NULL) partition_retain(partitions[index], &retention);
  }
}

static void serve(int epoll, int listener, int timer) {
  watch(epoll, &listener);
  watch(epoll, &timer);
  struct epoll_event events[events_max];
  while (!stopping) {
    int count = epoll_wait(epoll, events, events_max, ready_count > 0 ? 0 : -1);
    for (int index = 0; index < count; index++) {
      if (events[index].data.ptr == &listener) {
        accept_all(epoll, listener);
      } else if (events[index].data.ptr == &timer) {
        retain_all(timer);
      } else {
        struct connection *connection = events[index].data.ptr;
        if (events[index].events & ~(uint32_t)EPOLLOUT) connection->readable = true;
        list_ready(connection);
      }
    }
    turn();
  }
}

static void print_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"userMicros\":%lld,\"systemMicros\":%lld}\n",
         (long long)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec,
         (long long)usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec);
}

/* floor PORT DATA_DIRECTORY [SEGMENT_BYTES RETENTION_BYTES] */
int main(int count, char **arguments) {
  if (count < 3) fail("usage: floor PORT DATA_DIRECTORY [SEGMENT_BYTES RETENTION_BYTES]");
  data_directory = arguments[2];
  if (count >= 5) retention = (struct retention){atoll(arguments[3]), atoll(arguments[4])};
  struct sigaction action = {.sa_handler = handle_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  /* sendfile has no MSG_NOSIGNAL. */
  signal(SIGPIPE, SIG_IGN);
  crc32c_prepare();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  serve(epoll, listen_on((uint16_t)atoi(arguments[1])), start_retention_timer());
  print_cpu();
  return 0;
}
