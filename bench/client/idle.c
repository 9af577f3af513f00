#include <time.h>

#include "../common/fail.h"
#include "modes.h"
#include "window.h"

static void wait_seconds(double seconds) {
  struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&time, &time) != 0) continue;
}

/* Resident memory before, with all connections open and used once, and after they have been idle for `seconds`. */
void run_idle(const struct options *options) {
  struct connection *connections = calloc((size_t)options->connections, sizeof *connections);
  if (options->server_pid == 0) fail("load: idle needs --server-pid");
  uint64_t before = server_resident_bytes(options->server_pid);
  uint64_t started = now_ns();
  for (int index = 0; index < options->connections; index++) {
    connections[index] = connection_open(options, 16 << 10);
    connections[index].index = index;
    check_api_versions(&connections[index], options);
  }
  double open_ms = (double)(now_ns() - started) / 1e6;
  uint64_t opened = server_resident_bytes(options->server_pid);
  struct window window = window_plan(options->server_pid, now_ns(), 0, options->seconds);
  window_tick(&window, now_ns());
  wait_seconds(options->seconds);
  window_tick(&window, now_ns() + 1000);
  uint64_t after = server_resident_bytes(options->server_pid);
  for (int index = 0; index < options->connections; index++) check_api_versions(&connections[index], options);
  printf("{\"mode\":\"idle\",\"connections\":%d,\"openMs\":%.1f,\"residentBefore\":%llu,\"residentOpened\":%llu,",
         options->connections, open_ms, (unsigned long long)before, (unsigned long long)opened);
  printf("\"residentAfter\":%llu,\"bytesPerConnection\":%.0f,", (unsigned long long)after,
         ((double)after - (double)before) / options->connections);
  window_print(stdout, &window);
  printf("}\n");
  for (int index = 0; index < options->connections; index++) connection_close(&connections[index]);
}
