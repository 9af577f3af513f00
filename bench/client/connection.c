#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/fail.h"

struct connection connection_open(const struct options *options, size_t input_capacity) {
  struct connection connection = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (connection.fd < 0) fail_errno("load: socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
  if (inet_pton(AF_INET, options->host, &address.sin_addr) != 1) fail("load: %s is no IPv4 address", options->host);
  if (connect(connection.fd, (struct sockaddr *)&address, sizeof address) != 0) fail_errno("load: connect");
  int on = 1;
  setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection.input_capacity = input_capacity;
  connection.input = malloc(input_capacity);
  if (connection.input == NULL) fail("load: out of memory");
  return connection;
}

void connection_close(struct connection *connection) {
  close(connection->fd);
  free(connection->input);
  free(connection->ring);
  free(connection->queued_at);
}

void connection_set_ring(struct connection *connection, const struct frame *frame, size_t slots) {
  connection->ring_slots = slots;
  connection->frame_length = frame->length;
  connection->ring = malloc(slots * frame->length);
  connection->queued_at = calloc(slots, sizeof *connection->queued_at);
  if (connection->ring == NULL || connection->queued_at == NULL) fail("load: out of memory");
  for (size_t slot = 0; slot < slots; slot++) {
    memcpy(connection->ring + slot * frame->length, frame->bytes, frame->length);
  }
}

void connection_watch(struct connection *connection, int epoll) {
  if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0) fail_errno("load: fcntl");
  struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = connection}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail_errno("load: epoll_ctl");
}

void connection_queue(struct connection *connection, uint64_t now) {
  assert(connection_unanswered(connection) < connection->ring_slots);
  store_32(connection_slot(connection, connection->queued) + frame_correlation_at, (uint32_t)connection->queued);
  connection->queued_at[connection->queued % connection->ring_slots] = now;
  connection->queued++;
}

bool connection_has_unsent(const struct connection *connection) {
  return connection->sent_bytes < connection->queued * connection->frame_length;
}

void connection_flush(struct connection *connection) {
  size_t ring_bytes = connection->ring_slots * connection->frame_length;
  while (connection_has_unsent(connection)) {
    size_t position = connection->sent_bytes % ring_bytes;
    size_t left = connection->queued * connection->frame_length - connection->sent_bytes;
    size_t contiguous = ring_bytes - position < left ? ring_bytes - position : left;
    ssize_t sent = send(connection->fd, connection->ring + position, contiguous, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) fail_errno("load: send");
    connection->sent_bytes += (uint64_t)sent;
  }
}

/* Moves a partial answer to the front, which makes room for the rest of it. */
static void make_room(struct connection *connection) {
  size_t left = connection->input_end - connection->input_start;
  if (connection->input_start == 0) return;
  memmove(connection->input, connection->input + connection->input_start, left);
  connection->input_start = 0;
  connection->input_end = left;
}

void connection_receive(struct connection *connection) {
  make_room(connection);
  size_t room = connection->input_capacity - connection->input_end;
  if (room == 0) fail("load: an answer is longer than %zu bytes", connection->input_capacity);
  /* Edge-triggered: a short read means that the next byte raises an event; buffers are larger than all that is due. */
  ssize_t received = recv(connection->fd, connection->input + connection->input_end, room, 0);
  if (received == 0) fail("load: the server closed connection %d", connection->index);
  if (received < 0 && errno == EAGAIN) return;
  if (received < 0) fail_errno("load: recv");
  if ((size_t)received == room) fail("load: answers are longer than %zu bytes", connection->input_capacity);
  connection->input_end += (size_t)received;
}

static bool complete_frame(struct connection *connection, struct reader *frame) {
  size_t available = connection->input_end - connection->input_start;
  if (available < 4) return false;
  const uint8_t *at = connection->input + connection->input_start;
  size_t length = load_32(at);
  if (available < length + 4) return false;
  *frame = (struct reader){at + 4, at + 4 + length, false};
  connection->input_start += length + 4;
  return true;
}

bool connection_next_answer(struct connection *connection, struct reader *answer) {
  if (!complete_frame(connection, answer)) return false;
  uint32_t correlation = (uint32_t)read_32(answer);
  if (correlation != (uint32_t)connection->answered) {
    fail("load: connection %d got answer %u instead of %llu", connection->index, correlation,
         (unsigned long long)connection->answered);
  }
  connection->answered++;
  return true;
}

struct reader connection_exchange(struct connection *connection, struct writer *request) {
  end_request(request);
  for (size_t sent = 0; sent < request->length;) {
    ssize_t result = send(connection->fd, request->bytes + sent, request->length - sent, MSG_NOSIGNAL);
    if (result < 0) fail_errno("load: send");
    sent += (size_t)result;
  }
  struct reader answer;
  while (!complete_frame(connection, &answer)) connection_receive(connection);
  read_32(&answer);
  return answer;
}
