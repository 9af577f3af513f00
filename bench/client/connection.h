/*
 * One socket to the server: a ring of equally long request frames going out, a buffer of answers coming in.
 *
 * The ring holds as many frames as may be unanswered. Frame number n lies in slot n % slots; the caller patches it
 * there before connection_queue, and nobody touches it until its answer is here, so nothing is copied and a send that
 * the kernel took partly just continues. Requests queued together leave in one send.
 */
#ifndef SLUICE_BENCH_CONNECTION_H
#define SLUICE_BENCH_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "options.h"

struct connection {
  int fd;
  int index;
  uint8_t *input;
  size_t input_start;
  size_t input_end;
  size_t input_capacity;

  uint8_t *ring;
  size_t ring_slots;
  size_t frame_length;
  uint64_t queued;
  uint64_t answered;
  uint64_t sent_bytes;
  uint64_t *queued_at;
};

/* Connects (blocking, TCP_NODELAY) and sets up the input buffer. */
struct connection connection_open(const struct options *options, size_t input_capacity);
void connection_close(struct connection *connection);
/* Fills every slot of a new ring with a copy of the frame. */
void connection_set_ring(struct connection *connection, const struct frame *frame, size_t slots);
/* From here on the socket does not block. Watches it for input in the epoll set, with the connection as its data. */
void connection_watch(struct connection *connection, int epoll);

static inline uint8_t *connection_slot(struct connection *connection, uint64_t number) {
  return connection->ring + number % connection->ring_slots * connection->frame_length;
}

static inline uint64_t connection_unanswered(const struct connection *connection) {
  return connection->queued - connection->answered;
}

/* Gives the next frame its correlation id and counts it as queued. */
void connection_queue(struct connection *connection, uint64_t now);
/* Sends what is queued, as far as the kernel takes it. */
void connection_flush(struct connection *connection);
bool connection_has_unsent(const struct connection *connection);
/* One recv. Ends the program when the server closed the connection. */
void connection_receive(struct connection *connection);
/*
 * The next complete answer after its correlation id, which must be that of the oldest unanswered request; false when
 * there is none. Valid until the next connection_receive.
 */
bool connection_next_answer(struct connection *connection, struct reader *answer);

/* One request and its answer, blocking, on a connection that is not watched yet. */
struct reader connection_exchange(struct connection *connection, struct writer *request);

#endif
