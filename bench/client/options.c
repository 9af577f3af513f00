#include "options.h"

#include <stddef.h>

#include "../common/fail.h"

enum option_kind { kind_text, kind_port, kind_integer, kind_long, kind_number, kind_flag, kind_pid };

struct option_row {
  const char *name;
  enum option_kind kind;
  size_t at;
};

static const struct option_row rows[] = {
    {"--host", kind_text, offsetof(struct options, host)},
    {"--port", kind_port, offsetof(struct options, port)},
    {"--topic", kind_text, offsetof(struct options, topic)},
    {"--partitions", kind_integer, offsetof(struct options, partitions)},
    {"--bare", kind_flag, offsetof(struct options, bare)},
    {"--server-pid", kind_pid, offsetof(struct options, server_pid)},
    {"--connections", kind_integer, offsetof(struct options, connections)},
    {"--in-flight", kind_integer, offsetof(struct options, in_flight)},
    {"--acks", kind_integer, offsetof(struct options, acks)},
    {"--produce-version", kind_integer, offsetof(struct options, produce_version)},
    {"--batch-bytes", kind_integer, offsetof(struct options, batch_bytes)},
    {"--value-bytes", kind_integer, offsetof(struct options, value_bytes)},
    {"--warm-up", kind_number, offsetof(struct options, warm_up_seconds)},
    {"--seconds", kind_number, offsetof(struct options, seconds)},
    {"--batches", kind_integer, offsetof(struct options, batches)},
    {"--fetch-bytes", kind_integer, offsetof(struct options, fetch_bytes)},
    {"--check-crc", kind_flag, offsetof(struct options, check_crc)},
    {"--sessions", kind_flag, offsetof(struct options, sessions)},
    {"--rate", kind_integer, offsetof(struct options, rate)},
    {"--unanswered-max", kind_integer, offsetof(struct options, unanswered_max)},
    {"--repeat", kind_integer, offsetof(struct options, repeat)},
    {"--segment-bytes", kind_long, offsetof(struct options, segment_bytes)},
    {"--retention-bytes", kind_long, offsetof(struct options, retention_bytes)},
};

static const struct option_row *find_row(const char *name) {
  for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
    if (strcmp(rows[index].name, name) == 0) return &rows[index];
  }
  fail("load: unknown option %s", name);
}

static void set_value(struct options *options, const struct option_row *row, const char *text) {
  void *field = (char *)options + row->at;
  char *end = "";
  switch (row->kind) {
    case kind_text: *(const char **)field = text; break;
    case kind_port: *(uint16_t *)field = (uint16_t)strtol(text, &end, 10); break;
    case kind_integer: *(int *)field = (int)strtol(text, &end, 10); break;
    case kind_long: *(int64_t *)field = strtoll(text, &end, 10); break;
    case kind_number: *(double *)field = strtod(text, &end); break;
    case kind_pid: *(pid_t *)field = (pid_t)strtol(text, &end, 10); break;
    case kind_flag: *(bool *)field = true; break;
  }
  if (*end != 0) fail("load: %s needs a number, not %s", row->name, text);
}

static void check_ranges(const struct options *options) {
  if (options->port == 0) fail("load: --port is missing");
  if (options->partitions < 1 || options->connections < 1 || options->in_flight < 1) {
    fail("load: partitions, connections and in-flight start at 1");
  }
  if (options->produce_version < 9 || options->produce_version > 12) fail("load: Produce versions 9 to 12 name topics");
  if (options->acks == 0) fail("load: acks=0 has no answer to count");
  if (options->value_bytes < 16) fail("load: values start at 16 bytes");
}

struct options options_parse(int count, char **arguments) {
  if (count < 2) fail("usage: load produce|fetch|preload|e2e|idle|create|metadata|probe --port PORT [--option value]…");
  struct options options = {
      .mode = arguments[1],
      .host = "127.0.0.1",
      .topic = "bench",
      .partitions = 1,
      .connections = 1,
      .in_flight = 1,
      .acks = -1,
      .produce_version = 9,
      .batch_bytes = 16384,
      .value_bytes = 100,
      .warm_up_seconds = 1,
      .seconds = 5,
      .batches = 1,
      .fetch_bytes = 16384,
      .rate = 20000,
      .unanswered_max = 10000,
      .repeat = 1,
      .segment_bytes = 64 << 20,
      .retention_bytes = 128 << 20,
  };
  for (int index = 2; index < count; index++) {
    const struct option_row *row = find_row(arguments[index]);
    bool takes_value = row->kind != kind_flag;
    if (takes_value && index + 1 == count) fail("load: %s needs a value", row->name);
    set_value(&options, row, takes_value ? arguments[++index] : NULL);
  }
  check_ranges(&options);
  return options;
}
