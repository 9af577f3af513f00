#include "window.h"

#include <string.h>
#include <unistd.h>

#include "../common/fail.h"

static uint64_t clock_ns(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) fail_errno("load: CPU clock of the server");
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* Fields 14 and 15 of /proc/PID/stat; the name before them may hold anything, hence the search for its last bracket. */
static void read_ticks(pid_t pid, struct cpu_reading *reading) {
  char path[64];
  char text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) fail_errno(path);
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  const char *after_name = strrchr(text, ')');
  unsigned long long user = 0;
  unsigned long long system = 0;
  if (after_name == NULL ||
      sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2) {
    fail("load: %s is not understood", path);
  }
  reading->server_user_ticks = user;
  reading->server_system_ticks = system;
}

static struct cpu_reading read_cpu(pid_t server_pid) {
  struct cpu_reading reading = {.client_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
  if (server_pid == 0) return reading;
  clockid_t clock;
  if (clock_getcpuclockid(server_pid, &clock) != 0) fail("load: no process %d", (int)server_pid);
  reading.server_ns = clock_ns(clock);
  read_ticks(server_pid, &reading);
  return reading;
}

struct window window_plan(pid_t server_pid, uint64_t now, double warm_up_seconds, double seconds) {
  uint64_t begins_at = now + (uint64_t)(warm_up_seconds * 1e9);
  return (struct window){
      .server_pid = server_pid, .begins_at = begins_at, .ends_at = begins_at + (uint64_t)(seconds * 1e9)};
}

enum window_state window_tick(struct window *window, uint64_t now) {
  if (window->state == window_warm_up && now >= window->begins_at) {
    window->state = window_open;
    window->ends_at += now - window->begins_at;
    window->begins_at = now;
    fprintf(stderr, "window begin\n");
    window->at_begin = read_cpu(window->server_pid);
  } else if (window->state == window_open && now >= window->ends_at) {
    window->at_end = read_cpu(window->server_pid);
    window->ends_at = now;
    window->state = window_closed;
    fprintf(stderr, "window end\n");
  }
  return window->state;
}

double window_seconds(const struct window *window) { return (double)(window->ends_at - window->begins_at) / 1e9; }

void window_print(FILE *out, const struct window *window) {
  double seconds = window_seconds(window);
  double server_ns = (double)(window->at_end.server_ns - window->at_begin.server_ns);
  double client_ns = (double)(window->at_end.client_ns - window->at_begin.client_ns);
  double user = (double)(window->at_end.server_user_ticks - window->at_begin.server_user_ticks);
  double system = (double)(window->at_end.server_system_ticks - window->at_begin.server_system_ticks);
  fprintf(out, "\"seconds\":%.3f,\"serverCpuMicros\":%.0f,\"serverUserShare\":%.3f,", seconds, server_ns / 1e3,
          user + system > 0 ? user / (user + system) : 0);
  fprintf(out, "\"serverCpuShare\":%.4f,\"clientCpuShare\":%.4f", server_ns / seconds / 1e9, client_ns / seconds / 1e9);
}

uint64_t server_resident_bytes(pid_t server_pid) {
  char path[64];
  unsigned long long pages = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)server_pid);
  FILE *file = fopen(path, "r");
  if (file == NULL || fscanf(file, "%*u %llu", &pages) != 1) fail("load: %s is not readable", path);
  fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
