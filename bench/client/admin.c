/* The requests that prepare a load or are asked once: ApiVersions, CreateTopics, Metadata. */
#include <time.h>
#include <unistd.h>

#include "../common/fail.h"
#include "answers.h"
#include "histogram.h"
#include "modes.h"
#include "window.h"

enum { request_bytes = 4096, answer_bytes = 64 << 20, create_version = 4, metadata_version = 12 };
enum { leader_wait_seconds = 60, error_topic_exists = 36 };

struct needed_version {
  int api;
  int version;
};

static void check_served(struct reader answer, struct needed_version needed) {
  read_16(&answer);
  for (int32_t count = read_32(&answer); count > 0 && !answer.failed; count--) {
    int16_t api = read_16(&answer);
    int16_t lowest = read_16(&answer);
    int16_t highest = read_16(&answer);
    if (api == needed.api && lowest <= needed.version && needed.version <= highest) return;
  }
  fail("load: the server does not serve API %d version %d", needed.api, needed.version);
}

static struct reader ask_api_versions(struct connection *connection) {
  uint8_t bytes[request_bytes];
  struct writer request = {bytes, 0, sizeof bytes};
  begin_request(&request, api_versions, 0, false);
  struct reader answer = connection_exchange(connection, &request);
  if (load_16(answer.at) != 0) fail("load: ApiVersions failed with error %d", load_16(answer.at));
  return answer;
}

void check_api_versions(struct connection *connection, const struct options *options) {
  struct reader answer = ask_api_versions(connection);
  check_served(answer, (struct needed_version){api_produce, options->produce_version});
  check_served(answer, (struct needed_version){api_fetch, 12});
  check_served(answer, (struct needed_version){api_create_topics, create_version});
  check_served(answer, (struct needed_version){api_metadata, metadata_version});
}

void run_probe(const struct options *options) {
  struct connection connection = connection_open(options, 1 << 20);
  check_api_versions(&connection, options);
  connection_close(&connection);
  printf("{\"mode\":\"probe\"}\n");
}

static void write_config(struct writer *request, const char *name, int64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%lld", (long long)value);
  write_string(request, name);
  write_string(request, text);
}

static void create_topic(struct connection *connection, const struct options *options) {
  uint8_t bytes[request_bytes];
  struct writer request = {bytes, 0, sizeof bytes};
  begin_request(&request, api_create_topics, create_version, false);
  write_32(&request, 1);
  write_string(&request, options->topic);
  write_32(&request, options->partitions);
  write_16(&request, 1);
  write_32(&request, 0);
  write_32(&request, 2);
  write_config(&request, "segment.bytes", options->segment_bytes);
  write_config(&request, "retention.bytes", options->retention_bytes);
  write_32(&request, 60000);
  write_8(&request, 0);
  struct reader answer = connection_exchange(connection, &request);
  read_32(&answer);
  read_32(&answer);
  skip_string(&answer);
  int16_t error = read_16(&answer);
  if (answer.failed) fail("load: malformed CreateTopics answer");
  if (error != 0 && error != error_topic_exists) fail("load: CreateTopics failed with error %d", error);
}

struct metadata_summary {
  int partitions;
  int with_leader;
};

static void read_topic(struct reader *answer, struct metadata_summary *summary) {
  int16_t topic_error = read_16(answer);
  skip_compact(answer);
  read_bytes(answer, 16);
  read_8(answer);
  for (uint32_t left = read_compact_length(answer); left > 0 && !answer->failed; left--) {
    int16_t error = read_16(answer);
    read_32(answer);
    int32_t leader = read_32(answer);
    read_32(answer);
    for (int list = 0; list < 3; list++) read_bytes(answer, (size_t)read_compact_length(answer) * 4);
    skip_tags(answer);
    summary->partitions++;
    if (topic_error == 0 && error == 0 && leader >= 0) summary->with_leader++;
  }
  read_32(answer);
  skip_tags(answer);
}

/* Of one topic, or of all when the name is NULL. */
static struct metadata_summary ask_metadata(struct connection *connection, const char *topic) {
  uint8_t bytes[request_bytes];
  struct writer request = {bytes, 0, sizeof bytes};
  begin_request(&request, api_metadata, metadata_version, true);
  write_varint(&request, topic == NULL ? 0 : 2);
  if (topic != NULL) {
    memset(write_space(&request, 16), 0, 16);
    write_compact_string(&request, topic);
    write_varint(&request, 0);
  }
  write_8(&request, 0);
  write_8(&request, 0);
  write_varint(&request, 0);
  struct reader answer = connection_exchange(connection, &request);
  struct metadata_summary summary = {0, 0};
  skip_tags(&answer);
  read_32(&answer);
  for (uint32_t left = read_compact_length(&answer); left > 0 && !answer.failed; left--) {
    read_32(&answer);
    skip_compact(&answer);
    read_32(&answer);
    skip_compact(&answer);
    skip_tags(&answer);
  }
  skip_compact(&answer);
  read_32(&answer);
  for (uint32_t left = read_compact_length(&answer); left > 0 && !answer.failed; left--) read_topic(&answer, &summary);
  if (answer.failed) fail("load: malformed Metadata answer");
  return summary;
}

/* Metadata may name a leader before that leader took office; only a request that needs it tells. */
static bool all_serve(struct connection *connection, const struct options *options) {
  struct frame frame = fetch_frame(&(struct fetch_shape){options->topic, 0, 0, 1});
  struct writer request = {frame.bytes, frame.length, frame.length};
  bool serve = true;
  for (int partition = 0; partition < options->partitions && serve; partition++) {
    store_32(frame.bytes + frame.partition_at, (uint32_t)partition);
    struct reader answer = connection_exchange(connection, &request);
    serve = fetch_answer_error(&answer) == 0;
  }
  free(frame.bytes);
  return serve;
}

void run_create(const struct options *options) {
  struct connection connection = connection_open(options, answer_bytes);
  check_api_versions(&connection, options);
  uint64_t started = now_ns();
  create_topic(&connection, options);
  while (ask_metadata(&connection, options->topic).with_leader < options->partitions ||
         !all_serve(&connection, options)) {
    if (now_ns() - started > leader_wait_seconds * 1000000000ull) {
      fail("load: no leader for every partition of %s in %d s", options->topic, leader_wait_seconds);
    }
    nanosleep(&(struct timespec){0, 20000000}, NULL);
  }
  printf("{\"mode\":\"create\",\"partitions\":%d,\"milliseconds\":%.1f}\n", options->partitions,
         (double)(now_ns() - started) / 1e6);
  connection_close(&connection);
}

void run_metadata(const struct options *options) {
  struct connection connection = connection_open(options, answer_bytes);
  struct histogram latency = {0};
  struct metadata_summary summary = {0, 0};
  for (int round = 0; round < options->repeat; round++) {
    uint64_t started = now_ns();
    summary = ask_metadata(&connection, NULL);
    histogram_add(&latency, now_ns() - started);
  }
  printf("{\"mode\":\"metadata\",\"partitions\":%d,\"withLeader\":%d,", summary.partitions, summary.with_leader);
  histogram_print(stdout, "milliseconds", &latency);
  printf("}\n");
  connection_close(&connection);
}
