/* The command line: `load MODE --name value …`. Every option has a default; an unknown one ends the program. */
#ifndef SLUICE_BENCH_OPTIONS_H
#define SLUICE_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
  const char *mode;
  const char *host;
  uint16_t port;
  const char *topic;
  int partitions;
  /* The server has only Produce and Fetch: no ApiVersions, no topic creation (the floor). */
  bool bare;
  pid_t server_pid;

  int connections;
  int in_flight;
  int acks;
  int produce_version;
  /* Batches of records of `value_bytes`, as many as fit into `batch_bytes` (at least one). */
  int batch_bytes;
  int value_bytes;
  double warm_up_seconds;
  double seconds;
  /* For preload: batches sent to each partition. */
  int batches;

  int fetch_bytes;
  bool check_crc;
  bool sessions;

  /* For e2e: records a second over all partitions, and the requests one producer connection may have unanswered. */
  int rate;
  int unanswered_max;

  int repeat;
  int64_t segment_bytes;
  int64_t retention_bytes;
};

struct options options_parse(int count, char **arguments);

#endif
